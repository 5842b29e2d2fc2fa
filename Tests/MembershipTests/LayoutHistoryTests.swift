// SPDX-License-Identifier: Apache-2.0
import Membership
import TestSupport
import Testing
import Vocabulary

/// What holds of layouts along a whole history of members who come and go.
@Suite struct LayoutHistoryTests {
  @Test("Every place that is filled goes to a host that is without the role, where there is one")
  func spread() {
    for seed in 1...80 {
      var history = LayoutHistory(seed)
      for _ in 0..<10 {
        history.change()
        for subgroup in history.subgroups where subgroup.role.holdsState {
          let kept = history.previous.first { $0.role == subgroup.role }?.receivers ?? []
          let keptHosts = history.hosts(kept)
          let wanted =
            subgroup.role == .coordinator ? history.rules.coordinators : history.rules.replicas
          // One that moves may stay on its host.
          let filled = max(0, min(wanted, subgroup.receivers.count) - kept.count)
          let most = Set(history.members.map(\.host)).count
          let hosts = history.hosts(subgroup.receivers.map { history.members[$0.index].id })
          #expect(hosts.count >= min(most, min(keptHosts.count, wanted) + filled), "seed \(seed)")
        }
      }
    }
  }

  @Test("Replicas do not move for ever: without changes, a layout comes to rest")
  func rest() {
    for seed in 1...60 {
      var history = LayoutHistory(seed)
      for _ in 0..<6 { history.change() }
      // Each move takes at least 2 off the sum of squares of the members' shards: at most 6² · 3.
      // It takes two views.
      var views = 0
      var before: [RankSet] = []
      while before != history.subgroups.map(\.receivers), views <= 108 {
        before = history.subgroups.map(\.receivers)
        history.stay()
        views += 1
      }
      #expect(views <= 108, "seed \(seed)")
    }
  }

  @Test("A layout depends on who held what, not on the order in which that is told")
  func order() {
    for seed in 1...60 {
      var history = LayoutHistory(seed)
      for _ in 0..<6 {
        history.change()
        let shuffled = history.previous.map { role in
          PreviousRole(
            role: role.role, receivers: role.receivers.shuffled(using: &history.random),
            holders: role.holders.shuffled(using: &history.random), bornIn: role.bornIn)
        }.shuffled(using: &history.random)
        let again = Layout.assign(
          history.members, previous: shuffled, rules: history.rules, view: history.view)
        #expect(again == history.subgroups, "seed \(seed)")
      }
    }
  }

  @Test("Members of different hosts begin with as many shards as each other, or one more")
  func evenFromTheBeginning() {
    for members in 1...12 {
      for shards in 1...6 {
        for replicas in 1...3 {
          let records = (0..<members).map { HandDriven.record($0) }
          let subgroups = Layout.assign(
            records, previous: [],
            rules: LayoutRules(shards: shards, replicas: replicas), view: 1)
          let load = records.indices.map { index in
            subgroups.filter { subgroup in
              if case .shard = subgroup.role { return subgroup.receivers.contains(Rank(index)) }
              return false
            }.count
          }
          #expect((load.max() ?? 0) - (load.min() ?? 0) <= 1, "\(load)")
        }
      }
    }
  }
}

/// Members who come and go, and the layouts that they are given.
private struct LayoutHistory {
  var random: RandomSource
  let rules: LayoutRules
  private(set) var members: [MemberRecord] = []
  private(set) var previous: [PreviousRole] = []
  private(set) var subgroups: [SubgroupAssignment] = []
  private(set) var view: UInt64 = 1
  private let hostCount: Int
  private var started = 0

  init(_ seed: Int) {
    random = RandomSource(seed)
    rules = LayoutRules(
      coordinators: random.number(1...5), shards: random.number(0...6),
      replicas: random.number(1...3))
    hostCount = random.number(1...6)
    for _ in 0..<random.number(1...6) { join() }
    subgroups = Layout.assign(members, previous: [], rules: rules, view: view)
  }

  private mutating func join() {
    members.append(
      MemberRecord(
        id: HandDriven.id(started), name: "n\(started)", host: "h\(random.number(1...hostCount))",
        address: "", endpoint: ""))
    started += 1
  }

  /// Some go, some come, and the next view begins.
  mutating func change() {
    let old = members
    members = old.filter { _ in random.number(0...5) > 0 }
    if members.isEmpty { members = [old[0]] }
    remember(old)
    for _ in 0..<random.number(0...2) where members.count < 12 { join() }
    assign()
  }

  /// The next view begins with the same members.
  mutating func stay() {
    remember(members)
    assign()
  }

  /// Who stays holds what it was given.
  private mutating func remember(_ old: [MemberRecord]) {
    let staying = Set(members.map(\.id))
    previous = subgroups.filter(\.role.holdsState).map { subgroup in
      let ids = subgroup.receivers.map { old[$0.index].id }.filter(staying.contains)
      return PreviousRole(
        role: subgroup.role, receivers: ids, holders: ids, bornIn: subgroup.bornIn)
    }
  }

  private mutating func assign() {
    view += 1
    subgroups = Layout.assign(members, previous: previous, rules: rules, view: view)
  }

  func hosts(_ ids: [NodeID]) -> Set<String> {
    Set(members.filter { ids.contains($0.id) }.map(\.host))
  }
}
