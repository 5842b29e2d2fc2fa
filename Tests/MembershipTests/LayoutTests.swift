// SPDX-License-Identifier: Apache-2.0
import Membership
import TestSupport
import Testing
import Vocabulary

@Suite struct LayoutTests {
  private static func member(_ index: Int, host: Int) -> MemberRecord {
    MemberRecord(
      id: NodeID(high: UInt64(index), low: 1), name: "n\(index)", host: "h\(host)",
      address: "h\(host):\(index)", endpoint: "")
  }

  /// What a view change makes of a layout: `staying` of its members go on, and those of them that
  /// held a state or were given it hold it.
  private static func previous(
    _ subgroups: [SubgroupAssignment], _ members: [MemberRecord], staying: Set<NodeID>
  ) -> [PreviousRole] {
    subgroups.filter(\.role.holdsState).map { subgroup in
      let ids = subgroup.receivers.map { members[$0.index].id }.filter(staying.contains)
      return PreviousRole(
        role: subgroup.role, receivers: ids, holders: ids, bornIn: subgroup.bornIn)
    }
  }

  @Test("Roles of random histories are filled, spread, even, and kept by who had them")
  func histories() {
    for seed in 1...60 {
      var random = RandomSource(seed)
      let rules = LayoutRules(
        coordinators: random.number(1...5), shards: random.number(0...6),
        replicas: random.number(1...3))
      let hosts = random.number(1...6)
      var next = 0
      var members: [MemberRecord] = []
      func join() {
        members.append(Self.member(next, host: random.number(1...hosts)))
        next += 1
      }
      for _ in 0..<random.number(1...5) { join() }
      var subgroups = Layout.assign(members, previous: [], rules: rules, view: 1)
      for view in 2...12 as ClosedRange<UInt64> {
        let before = members
        members = before.filter { _ in random.number(0...5) > 0 }
        if members.isEmpty { members = [before[0]] }
        let staying = Set(members.map(\.id))
        let previous = Self.previous(subgroups, before, staying: staying)
        for _ in 0..<random.number(0...2) where members.count < 12 { join() }
        let after = Layout.assign(members, previous: previous, rules: rules, view: view)
        check(after, members, rules, previous, view, seed)
        subgroups = after
      }
    }
  }

  private func check(
    _ subgroups: [SubgroupAssignment], _ members: [MemberRecord], _ rules: LayoutRules,
    _ previous: [PreviousRole], _ view: UInt64, _ seed: Int
  ) {
    let roles: [Role] = [.coordinator, .control] + (0..<rules.shards).map { .shard($0) }
    #expect(subgroups.map(\.role) == roles, "seed \(seed)")
    for subgroup in subgroups where subgroup.role.holdsState {
      let wanted = subgroup.role == .coordinator ? rules.coordinators : rules.replicas
      // One more has it while it moves.
      let most = subgroup.role == .coordinator ? wanted : wanted + 1
      let counts = min(wanted, members.count)...min(most, members.count)
      #expect(counts.contains(subgroup.receivers.count), "seed \(seed)")
      #expect(subgroup.holders.subtracting(subgroup.receivers).isEmpty, "seed \(seed)")
      #expect(!subgroup.holders.isEmpty, "seed \(seed)")
      let old = previous.first { $0.role == subgroup.role }
      let held = RankSet(
        (old?.holders ?? []).compactMap { id in
          members.firstIndex { $0.id == id }.map { Rank($0) }
        })
      if held.isEmpty {
        #expect(subgroup.bornIn == view, "seed \(seed): its state begins anew")
        #expect(subgroup.holders == subgroup.receivers, "seed \(seed)")
      } else {
        #expect(subgroup.bornIn == old?.bornIn, "seed \(seed)")
        #expect(subgroup.holders.subtracting(held).isEmpty, "seed \(seed): nobody holds by decree")
        // At most one replica moves, and never the last one.
        #expect(held.subtracting(subgroup.receivers).count <= 1, "seed \(seed)")
        if subgroup.role == .coordinator {
          #expect(held.subtracting(subgroup.receivers).isEmpty, "seed \(seed)")
        }
      }
    }
    #expect(subgroups[0].senders == Array(subgroups[0].receivers))
    #expect(subgroups[1].receivers == RankSet(first: members.count))
    for shard in subgroups.dropFirst(2) { #expect(shard.senders.count == members.count) }
  }

  @Test("Replicas of a shard are on different hosts where there are enough")
  func spread() {
    let members = (0..<6).map { Self.member($0, host: $0 / 2) }
    let rules = LayoutRules(coordinators: 3, shards: 6, replicas: 3)
    for subgroup in Layout.assign(members, previous: [], rules: rules, view: 1) {
      guard subgroup.role.holdsState else { continue }
      let hosts = subgroup.receivers.map { members[$0.index].host }
      #expect(Set(hosts).count == 3, "\(subgroup.role) is on \(hosts)")
    }
  }

  @Test("Shards are shared evenly, and move to who joins until they are")
  func even() {
    let rules = LayoutRules(coordinators: 1, shards: 12, replicas: 2)
    var members = (0..<2).map { Self.member($0, host: $0) }
    var subgroups = Layout.assign(members, previous: [], rules: rules, view: 1)
    for view in 2...40 as ClosedRange<UInt64> {
      let before = members
      if members.count < 6 { members.append(Self.member(members.count, host: members.count)) }
      let previous = Self.previous(subgroups, before, staying: Set(before.map(\.id)))
      subgroups = Layout.assign(members, previous: previous, rules: rules, view: view)
    }
    var load = [Int](repeating: 0, count: members.count)
    for subgroup in subgroups.dropFirst(2) {
      for rank in subgroup.receivers { load[rank.index] += 1 }
    }
    #expect(load.reduce(0, +) == 24)
    #expect((load.max() ?? 0) - (load.min() ?? 0) <= 1, "\(load)")
  }

  @Test("A shard moves in two views, and somebody holds its state all the time")
  func moves() {
    let rules = LayoutRules(coordinators: 1, shards: 4, replicas: 1)
    let first = [Self.member(0, host: 0)]
    let all = first + [Self.member(1, host: 1)]
    let old = Layout.assign(first, previous: [], rules: rules, view: 1)
    let previous = Self.previous(old, first, staying: [first[0].id])
    let both = Layout.assign(all, previous: previous, rules: rules, view: 2)
    let one = RankSet([Rank(0)])
    let other = RankSet([Rank(1)])
    #expect(
      both.dropFirst(2).map(\.receivers) == [one.union(other), one.union(other), one, one])
    #expect(both.dropFirst(2).allSatisfy { $0.holders == one })
    // Who does not hold it yet is waited for.
    let early = both.map { subgroup in
      PreviousRole(
        role: subgroup.role, receivers: subgroup.receivers.map { all[$0.index].id },
        holders: subgroup.holders.map { all[$0.index].id }, bornIn: subgroup.bornIn)
    }
    let still = Layout.assign(all, previous: early, rules: rules, view: 3)
    #expect(still.dropFirst(2).map(\.receivers) == both.dropFirst(2).map(\.receivers))
    let late = Self.previous(both, all, staying: Set(all.map(\.id)))
    let moved = Layout.assign(all, previous: late, rules: rules, view: 3)
    #expect(moved.dropFirst(2).map(\.receivers) == [other, other, one, one])
  }

  @Test("Who leaves is followed by another, and keeps the state until then")
  func leaving() {
    let rules = LayoutRules(coordinators: 2, shards: 2, replicas: 1)
    let members = (0..<3).map { Self.member($0, host: $0) }
    let previous = [Role.coordinator, .shard(0), .shard(1)].map { role in
      PreviousRole(
        role: role, receivers: [members[0].id], holders: [members[0].id],
        leaving: [members[0].id], bornIn: 1)
    }
    let new = Layout.assign(members, previous: previous, rules: rules, view: 2)
    #expect(new[0].receivers == RankSet((0...2).map { Rank($0) }))
    #expect(new[2].receivers == RankSet([Rank(0), Rank(1)]))
    #expect(new[3].receivers == RankSet([Rank(0), Rank(2)]))
    for subgroup in new where subgroup.role.holdsState {
      #expect(subgroup.holders == RankSet([Rank(0)]))
    }
  }

  @Test("Where nobody stays, every role still has somebody")
  func nobodyStays() {
    let member = Self.member(0, host: 0)
    let rules = LayoutRules(coordinators: 2, shards: 2, replicas: 2)
    let previous = PreviousRole(
      role: .shard(0), receivers: [member.id], holders: [member.id], leaving: [member.id],
      bornIn: 1)
    let new = Layout.assign([member], previous: [previous], rules: rules, view: 2)
    for subgroup in new { #expect(subgroup.receivers == RankSet([Rank(0)])) }
    #expect(new.map(\.bornIn) == [2, 2, 1, 2])
  }

  @Test("Who holds a state keeps its place before who is still given it")
  func holdersFirst() {
    let members = (0..<3).map { Self.member($0, host: $0) }
    let rules = LayoutRules(coordinators: 1)
    let role = PreviousRole(
      role: .coordinator, receivers: members.map(\.id), holders: [members[2].id], bornIn: 1)
    let new = Layout.assign(members, previous: [role], rules: rules, view: 5)
    #expect(new[0].receivers == RankSet([Rank(2)]))
    #expect(new[0].bornIn == 1)
  }

  @Test("A view with too few members for its replicas says how many are missing")
  func adequacy() {
    let rules = LayoutRules(coordinators: 1, shards: 2, replicas: 3)
    let view = View.founding(
      cluster: NodeID(high: 1, low: 1), founder: Self.member(0, host: 0), rules: rules)
    #expect(view.inadequacy == "3 replicas of each shard need as many nodes: 2 more must join")
    let plain = View.founding(
      cluster: NodeID(high: 1, low: 1), founder: Self.member(0, host: 0), rules: LayoutRules())
    #expect(plain.inadequacy == nil)
  }

  @Test("Any two majorities of a view have a member in common", arguments: 1...9)
  func majority(_ count: Int) {
    let members = (0..<count).map { Self.member($0, host: $0) }
    let view = View(
      cluster: NodeID(high: 1, low: 1), number: 1, members: members, rules: LayoutRules(),
      subgroups: [])
    #expect(2 * view.majority > count)
    #expect(2 * (view.majority - 1) <= count)
  }
}
