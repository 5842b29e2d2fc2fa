// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Who held the state of a role before, in the order of ranks.
package struct PreviousRole: Sendable {
  package let role: Role
  package let receivers: [NodeID]
  /// Members that live and hold the state. Not all of them have to be receivers.
  package let holders: [NodeID]
  package let bornIn: UInt64

  package init(role: Role, receivers: [NodeID], holders: [NodeID], bornIn: UInt64) {
    self.role = role
    self.receivers = receivers
    self.holders = holders
    self.bornIn = bornIn
  }
}

/// Gives members their roles: a pure function of the members, of what they held before and of the
/// rules, so that every leader computes the same.
///
/// It is sticky: who holds a role's state keeps it. Empty places go to hosts that do not have the
/// role yet, and there to the member with the fewest. After members have joined, each shard may
/// move one replica to a member that has at least two shards fewer, as long as another replica
/// keeps the state. O(shards · members²).
package enum Layout {
  package static func assign(
    _ members: [MemberRecord], previous: [PreviousRole], rules: LayoutRules, view: UInt64
  ) -> [SubgroupAssignment] {
    var placing = Placing(members: members)
    let coordinators = placing.coordinators(
      previous.first { $0.role == .coordinator }, count: rules.coordinators, view: view)
    let all = (0..<members.count).map { Rank($0) }
    let shards = placing.shards(previous, rules: rules, senders: all, view: view)
    let control = SubgroupAssignment(
      role: .control, senders: all, receivers: RankSet(all),
      holders: RankSet(all), bornIn: view)
    return [coordinators, control] + shards
  }
}

/// Members while they are given their roles.
private struct Placing {
  let members: [MemberRecord]
  /// By rank: shards that it has a replica of.
  var load: [Int]

  init(members: [MemberRecord]) {
    self.members = members
    load = [Int](repeating: 0, count: members.count)
  }

  private func ranks(_ ids: [NodeID]) -> [Rank] {
    ids.compactMap { id in members.firstIndex { $0.id == id }.map { Rank($0) } }.sorted()
  }

  /// Those who keep a role: who holds its state before who does not, at most `count`. Who had it
  /// before, and holds its state still, comes before a receiver to whom it has not come yet.
  private func kept(_ role: PreviousRole?, count: Int) -> RankSet {
    guard let role else { return RankSet() }
    let holders = ranks(role.holders)
    let receivers = ranks(role.receivers)
    let order =
      receivers.filter(holders.contains) + holders.filter { !receivers.contains($0) }
      + receivers.filter { !holders.contains($0) }
    return RankSet(order.prefix(count))
  }

  /// Whom a place in `taken` suits best.
  private func best(for taken: RankSet) -> Rank? {
    let hosts = taken.map { members[$0.index].host }
    func cost(_ rank: Rank) -> (Int, Int, Int) {
      (hosts.contains(members[rank.index].host) ? 1 : 0, load[rank.index], rank.index)
    }
    return members.indices.map { Rank($0) }.filter { !taken.contains($0) }
      .min { cost($0) < cost($1) }
  }

  private func filled(_ taken: RankSet, count: Int) -> RankSet {
    var taken = taken
    while taken.count < count, let next = best(for: taken) { taken.insert(next) }
    return taken
  }

  /// Who of the receivers holds the state: whoever held it; all where it begins.
  private func holding(
    _ receivers: RankSet, _ previous: PreviousRole?, view: UInt64
  ) -> (holders: RankSet, bornIn: UInt64) {
    let holders = RankSet(ranks(previous?.holders ?? [])).intersection(receivers)
    if let previous, !holders.isEmpty { return (holders, previous.bornIn) }
    return (receivers, view)
  }

  func coordinators(_ previous: PreviousRole?, count: Int, view: UInt64) -> SubgroupAssignment {
    let receivers = filled(kept(previous, count: count), count: count)
    let (holders, bornIn) = holding(receivers, previous, view: view)
    return SubgroupAssignment(
      role: .coordinator, senders: Array(receivers), receivers: receivers, holders: holders,
      bornIn: bornIn)
  }

  mutating func shards(
    _ previous: [PreviousRole], rules: LayoutRules, senders: [Rank], view: UInt64
  ) -> [SubgroupAssignment] {
    let roles = (0..<rules.shards).map { index in previous.first { $0.role == .shard(index) } }
    var taken = roles.map { kept($0, count: rules.replicas) }
    for set in taken { for rank in set { load[rank.index] += 1 } }
    for index in taken.indices {
      let all = filled(taken[index], count: rules.replicas)
      for rank in all.subtracting(taken[index]) { load[rank.index] += 1 }
      taken[index] = all
    }
    for index in taken.indices {
      let holders = RankSet(ranks(roles[index]?.holders ?? []))
      taken[index] = evened(taken[index], holders: holders)
    }
    return taken.enumerated().map { index, receivers in
      let (holders, bornIn) = holding(receivers, roles[index], view: view)
      return SubgroupAssignment(
        role: .shard(index), senders: senders, receivers: receivers, holders: holders,
        bornIn: bornIn)
    }
  }

  /// Moves a replica from its most loaded member to a much less loaded one, where another keeps
  /// the state and no host gets a second replica by it.
  private mutating func evened(_ taken: RankSet, holders: RankSet) -> RankSet {
    let from = taken.max { (load[$0.index], $0) < (load[$1.index], $1) }
    guard let from else { return taken }
    let rest = taken.removing(from)
    guard holders.isEmpty || !holders.intersection(rest).isEmpty else { return taken }
    guard let target = best(for: rest), target != from,
      load[target.index] + 2 <= load[from.index]
    else { return taken }
    load[from.index] -= 1
    load[target.index] += 1
    return rest.union(RankSet([target]))
  }
}
