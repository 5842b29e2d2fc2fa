// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Who held the state of a role before, in the order of ranks.
package struct PreviousRole: Sendable {
  package let role: Role
  package let receivers: [NodeID]
  /// Receivers that live and hold the state.
  package let holders: [NodeID]
  /// Receivers that want to leave, and cannot yet. They keep what they have, beside the others.
  package let leaving: [NodeID]
  package let bornIn: UInt64

  package init(
    role: Role, receivers: [NodeID], holders: [NodeID], leaving: [NodeID] = [], bornIn: UInt64
  ) {
    self.role = role
    self.receivers = receivers
    self.holders = holders
    self.leaving = leaving
    self.bornIn = bornIn
  }
}

/// Gives members their roles: a pure function of the members, of what they held before and of the
/// rules, so that every leader computes the same.
///
/// It is sticky: who holds a role's state keeps it. Empty places go to hosts that do not have the
/// role yet, and there to the member with the fewest. A replica moves to a member that has at least
/// two shards fewer in two views: in the first one both have it, and in the next one, when both
/// hold the state, the busier one is let go. So there are never fewer replicas for it.
/// O(shards · members²).
package enum Layout {
  package static func assign(
    _ members: [MemberRecord], previous: [PreviousRole], rules: LayoutRules, view: UInt64
  ) -> [SubgroupAssignment] {
    let leavers = Set(previous.flatMap(\.leaving))
    let leaving = members.indices.filter { leavers.contains(members[$0].id) }.map { Rank($0) }
    // Where nobody stays, who leaves is as good as any: every role needs somebody.
    var placing = Placing(
      members: members,
      leaving: leaving.count == members.count ? RankSet() : RankSet(leaving))
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
  let leaving: RankSet
  /// By rank: shards that it has a replica of.
  var load: [Int]

  init(members: [MemberRecord], leaving: RankSet) {
    self.members = members
    self.leaving = leaving
    load = [Int](repeating: 0, count: members.count)
  }

  private func ranks(_ ids: [NodeID]) -> [Rank] {
    ids.compactMap { id in members.firstIndex { $0.id == id }.map { Rank($0) } }.sorted()
  }

  /// Those who keep the coordinators' role: who holds the state before who does not, at most
  /// `count`, and those who leave.
  private func kept(_ role: PreviousRole?, count: Int) -> RankSet {
    guard let role else { return RankSet() }
    let receivers = ranks(role.receivers)
    let holders = ranks(role.holders).filter { !leaving.contains($0) }
    let others = receivers.filter { !holders.contains($0) && !leaving.contains($0) }
    return RankSet((holders + others).prefix(count) + receivers.filter(leaving.contains))
  }

  /// Whom a place in `taken` suits best.
  private func best(for taken: RankSet, but leaving: RankSet) -> Rank? {
    let hosts = taken.map { members[$0.index].host }
    func cost(_ rank: Rank) -> (Int, Int, Int) {
      (hosts.contains(members[rank.index].host) ? 1 : 0, load[rank.index], rank.index)
    }
    return members.indices.map { Rank($0) }
      .filter { !taken.contains($0) && !leaving.contains($0) }.min { cost($0) < cost($1) }
  }

  /// Fills places up to `count`, to which those who leave do not count.
  private func filled(_ taken: RankSet, count: Int, leaving: RankSet) -> RankSet {
    var staying = taken.subtracting(leaving)
    while staying.count < count, let next = best(for: staying, but: leaving) {
      staying.insert(next)
    }
    return staying.union(taken)
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
    let receivers = filled(kept(previous, count: count), count: count, leaving: leaving)
    let (holders, bornIn) = holding(receivers, previous, view: view)
    return SubgroupAssignment(
      role: .coordinator, senders: Array(receivers), receivers: receivers, holders: holders,
      bornIn: bornIn)
  }

  mutating func shards(
    _ previous: [PreviousRole], rules: LayoutRules, senders: [Rank], view: UInt64
  ) -> [SubgroupAssignment] {
    let roles = (0..<rules.shards).map { index in previous.first { $0.role == .shard(index) } }
    var taken = roles.map { RankSet(ranks($0?.receivers ?? [])) }
    for set in taken { for rank in set { load[rank.index] += 1 } }
    for index in taken.indices {
      let holders = RankSet(ranks(roles[index]?.holders ?? []))
      taken[index] = trimmed(taken[index], holders: holders, count: rules.replicas)
      let all = filled(taken[index], count: rules.replicas, leaving: leaving)
      for rank in all.subtracting(taken[index]) { load[rank.index] += 1 }
      taken[index] = all
    }
    for index in taken.indices {
      let holders = RankSet(ranks(roles[index]?.holders ?? []))
      taken[index] = evened(taken[index], holders: holders, count: rules.replicas)
    }
    return taken.enumerated().map { index, receivers in
      let (holders, bornIn) = holding(receivers, roles[index], view: view)
      return SubgroupAssignment(
        role: .shard(index), senders: senders, receivers: receivers, holders: holders,
        bornIn: bornIn)
    }
  }

  /// Lets go who is one too many, once all of them hold the state: so that as many hosts as
  /// possible have a replica, and of those the one with the most shards.
  private mutating func trimmed(_ taken: RankSet, holders: RankSet, count: Int) -> RankSet {
    let staying = taken.subtracting(leaving)
    guard staying.count > count else { return taken }
    func cost(_ rank: Rank) -> (Int, Int, Int) {
      let hosts = Set(staying.removing(rank).map { members[$0.index].host })
      return (-hosts.count, -load[rank.index], -rank.index)
    }
    guard let gone = staying.min(by: { cost($0) < cost($1) }) else { return taken }
    // It does not count as the shard's any more, also while the other one is given the state.
    load[gone.index] -= 1
    return staying.subtracting(holders).isEmpty ? taken.removing(gone) : taken
  }

  /// Gives a replica of the most loaded member to a much less loaded one, too, where no host gets a
  /// second replica by it.
  private mutating func evened(_ taken: RankSet, holders: RankSet, count: Int) -> RankSet {
    let staying = taken.subtracting(leaving)
    // Nobody holds what begins anew: it moves at once.
    let isNew = holders.isEmpty
    guard staying.count == count, isNew || staying.subtracting(holders).isEmpty,
      let from = staying.max(by: { (load[$0.index], $0) < (load[$1.index], $1) })
    else { return taken }
    let rest = staying.removing(from)
    guard let target = best(for: rest, but: leaving), target != from,
      load[target.index] + 2 <= load[from.index]
    else { return taken }
    load[from.index] -= 1
    load[target.index] += 1
    return (isNew ? taken.removing(from) : taken).union(RankSet([target]))
  }
}
