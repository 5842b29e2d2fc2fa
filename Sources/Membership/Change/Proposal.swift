// SPDX-License-Identifier: Apache-2.0
import Vocabulary

extension Membership {
  /// What the leader proposes, once it has all reports that it waits for; nil while it may propose
  /// nothing: `waits` then says what for.
  mutating func decide(_ view: View, _ campaign: Campaign, _ now: UInt64) -> Decision? {
    // guard: propose.majority
    guard campaign.reporters.count >= view.majority else {
      marks.insert(.waitsForMajority)
      return nil
    }
    // guard: propose.adopts
    if let echoed = campaign.latestEcho {
      marks.insert(.adoptsEcho)
      return echoed.carried(by: campaign.ballot)
    }
    return propose(view, campaign, now)
  }

  /// Something fresh: its members are among those who reported. (guard: propose.reporters)
  private mutating func propose(_ view: View, _ campaign: Campaign, _ now: UInt64) -> Decision? {
    let connected = connected(view, campaign)
    guard connected.count >= view.majority else {
      marks.insert(.waitsForMajority)
      return nil
    }
    if connected != campaign.reporters { marks.insert(.excludesConflict) }
    let holders = view.subgroups.indices.map { index in
      RankSet(connected.filter { campaign.reports[$0.index]?.columns.holds[index] == true })
    }
    // guard: propose.holder
    guard !holders[0].isEmpty else {
      marks.insert(.waitsForHolder)
      return nil
    }
    let leavers = RankSet(connected.filter { campaign.reports[$0.index]?.isLeaving == true })
    let going = going(leavers, of: connected, holders: holders)
    if going != leavers { marks.insert(.keepsLeaver) }
    let staying = connected.subtracting(going)
    let newcomers = admitted(by: staying, holders: holders[0], now)
    let members = staying.map { view.record($0) } + newcomers
    let next = View(
      cluster: view.cluster, number: view.number + 1, members: members, rules: view.rules,
      subgroups: Layout.assign(
        members, previous: previousRoles(view, staying, holders, leavers), rules: view.rules,
        view: view.number + 1))
    return Decision(
      ballot: campaign.ballot, trims: RaggedTrim.trims(view, connected, campaign.reports),
      next: next)
  }

  private mutating func previousRoles(
    _ view: View, _ staying: RankSet, _ holders: [RankSet], _ leavers: RankSet
  ) -> [PreviousRole] {
    view.subgroups.enumerated().filter { $0.element.role.holdsState }.map { index, subgroup in
      let held = holders[index].intersection(staying)
      if held.isEmpty { marks.insert(.rebornShard) }
      return PreviousRole(
        role: subgroup.role,
        receivers: subgroup.receivers.intersection(staying).map { view.record($0).id },
        holders: held.map { view.record($0).id },
        leaving: subgroup.receivers.intersection(staying).intersection(leavers)
          .map { view.record($0).id }, bornIn: subgroup.bornIn)
    }
  }

  /// Reporting members of which each can be in a view with each other: hears it, and met it in this
  /// view's fabric. Who only did not meet may have come late, so that is overlooked where it would
  /// leave no majority.
  private func connected(_ view: View, _ campaign: Campaign) -> RankSet {
    let strict = connected(campaign) { $0.suspects.union($0.unmet) }
    return strict.count >= view.majority ? strict : connected(campaign) { $0.suspects }
  }

  /// The largest set without a conflict, as far as a walk from each member over the ranks finds it.
  /// O(members³) in words.
  private func connected(
    _ campaign: Campaign, _ conflicts: (Health) -> RankSet
  ) -> RankSet {
    let reporters = campaign.reporters
    var matrix = [RankSet](repeating: RankSet(), count: campaign.reports.count)
    for member in reporters {
      for other in conflicts(health(of: member, campaign)) where other.index < matrix.count {
        matrix[member.index].insert(other)
        matrix[other.index].insert(member)
      }
    }
    var best = RankSet()
    for start in reporters {
      var set = RankSet([start])
      for next in reporters where !set.contains(next) {
        if matrix[next.index].intersection(set).isEmpty { set.insert(next) }
      }
      if set.count > best.count { best = set }
    }
    return best
  }

  /// How a member sees the others: what it said last, or what it reported.
  private func health(of member: Rank, _ campaign: Campaign) -> Health {
    var health = Health(view: view?.number ?? 0)
    if member == rank {
      health.suspects = suspects(lastTick)
      health.unmet = unmet
      return health
    }
    if let last = peers[member.index].health { return last }
    health.suspects = campaign.reports[member.index]?.suspects ?? RankSet()
    health.unmet = campaign.reports[member.index]?.unmet ?? RankSet()
    return health
  }

  /// Who of the leavers can go: nobody who alone holds the state of a role, as long as somebody
  /// stays who can take it over. Where all leave, all but one go at once, and that one then ends.
  func going(_ leavers: RankSet, of members: RankSet, holders: [RankSet]) -> RankSet {
    guard let view else { return RankSet() }
    if leavers == members, let last = members.first { return leavers.removing(last) }
    var going = RankSet()
    for leaver in Array(leavers).reversed() {
      let rest = members.subtracting(going).removing(leaver)
      let isNeeded = view.subgroups.indices.contains { index in
        view.subgroups[index].role.holdsState && holders[index].contains(leaver)
          && holders[index].intersection(rest).isEmpty
      }
      if !isNeeded, !rest.isEmpty { going.insert(leaver) }
    }
    return going
  }
}
