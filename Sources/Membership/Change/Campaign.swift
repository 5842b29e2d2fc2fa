// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// A ballot as its leader sees it.
struct Campaign: Sendable, Hashable {
  let ballot: Ballot
  /// By rank.
  private(set) var reports: [Report?]
  /// What was proposed; once.
  var proposal: Decision?
  var echoes = RankSet()

  init(_ ballot: Ballot, members: Int) {
    self.ballot = ballot
    reports = [Report?](repeating: nil, count: members)
  }

  var reporters: RankSet {
    RankSet(reports.indices.filter { reports[$0] != nil }.map { Rank($0) })
  }

  /// The latest decision that a reporting member stood by. (guard: propose.latest)
  var latestEcho: Decision? {
    reports.compactMap { $0?.echoed }.max { $0.ballot < $1.ballot }
  }

  mutating func take(_ report: Report, from member: Rank) {
    guard report.ballot == ballot else { return }
    reports[member.index] = report
  }
}

extension Membership {
  /// Does what is a leader's to do, where this member is one.
  mutating func lead(_ now: UInt64, into effects: inout [MembershipEffect]) {
    guard stopped == nil, let view else { return }
    // The last one leaves nobody behind.
    if isLeaving, view.members.count == 1 { return stop(.left, into: &effects) }
    if change.campaign == nil { beginCampaign(view, now, into: &effects) }
    proposeWhenReported(view, now, into: &effects)
    commitWhenEchoed(view, now, into: &effects)
  }

  /// Whether all members below this one seem gone.
  private func isFirst(_ now: UInt64) -> Bool {
    !(0..<rank.index).contains { !isSuspected(Rank($0), now) }
  }

  private mutating func beginCampaign(
    _ view: View, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    let hasLeader = now < change.nextCampaign && !isSuspected(change.promised.leader, now)
    guard isFirst(now), !hasLeader, needsChange(view, now) else { return }
    guard reachesMajority(now) else {
      marks.insert(.waitsForMajority)
      return
    }
    let ballot = Ballot(attempt: change.seen + 1, leader: rank)
    change.campaign = Campaign(ballot, members: view.members.count)
    change.campaigns += 1
    tell(.begun(ballot))
    for peer in view.ranks.removing(rank) {
      effects.append(.send(.begin(view: view.number, ballot), to: view.record(peer)))
    }
    promise(ballot, into: &effects)
  }

  /// Whether the view has to end: somebody is lost, wants in or wants out, or a change was begun
  /// that its leader did not end.
  private mutating func needsChange(_ view: View, _ now: UInt64) -> Bool {
    if isWedged || isBroken || !suspects(now).isEmpty { return true }
    // Asked in each turn: it makes no arrays where nothing is to be done.
    var leavers = RankSet()
    if isLeaving { leavers.insert(rank) }
    for index in peers.indices where index != rank.index {
      guard let health = peers[index].health else { continue }
      if health.isBroken || !health.suspects.isEmpty { return true }
      if health.isLeaving { leavers.insert(Rank(index)) }
    }
    guard !leavers.isEmpty || !applicants.isEmpty || view.hasSurplus else { return false }
    let holders = holders(view)
    if !going(leavers, of: view.ranks, holders: holders).isEmpty { return true }
    if isUneven(view, holders, leavers) { return true }
    return !admitted(by: view.ranks, holders: holders[0], now).isEmpty
  }

  /// Whether the next view has other places: for whoever takes over from members that leave, or
  /// without a replica that has moved.
  private func isUneven(_ view: View, _ holders: [RankSet], _ leavers: RankSet) -> Bool {
    view.subgroups.indices.contains { index in
      let subgroup = view.subgroups[index]
      guard subgroup.role.holdsState else { return false }
      let staying = subgroup.receivers.subtracting(leavers)
      if staying.isEmpty { return !view.ranks.subtracting(leavers).isEmpty }
      guard case .shard = subgroup.role else { return false }
      return staying.count > view.rules.replicas && staying.subtracting(holders[index]).isEmpty
    }
  }

  /// By subgroup: the members that say that they hold its state.
  private func holders(_ view: View) -> [RankSet] {
    view.subgroups.indices.map { index in
      RankSet(
        view.ranks.filter { member in
          let holds = member == rank ? holds : peers[member.index].health?.holds ?? []
          return index < holds.count && holds[index]
        })
    }
  }

  /// Takes a member's report in.
  mutating func take(
    _ report: Report, from peer: Rank, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard let view, report.columns.received.count == view.subgroups.count,
      report.columns.holds.count == view.subgroups.count
    else { return }
    change.campaign?.take(report, from: peer)
  }

  /// Whether the leader waits for a member's report: not where either does not hear the other.
  private func isAwaited(_ peer: Rank, _ now: UInt64) -> Bool {
    !isSuspected(peer, now) && peers[peer.index].health?.suspects.contains(rank) != true
  }

  private mutating func proposeWhenReported(
    _ view: View, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    // guard: propose.once
    guard let campaign = change.campaign, campaign.proposal == nil else { return }
    let missing = view.ranks.subtracting(campaign.reporters)
    guard !missing.contains(where: { isAwaited($0, now) }) else { return }
    guard let decision = decide(view, campaign, now) else { return }
    change.campaign?.proposal = decision
    let adopted = campaign.latestEcho?.ballot
    tell(.proposed(decision, reports: campaign.reporters, adopts: adopted))
    for peer in campaign.reporters.removing(rank) {
      effects.append(.send(.propose(decision), to: view.record(peer)))
    }
    echo(decision, into: &effects)
  }

  private mutating func commitWhenEchoed(
    _ view: View, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard let campaign = change.campaign, let decision = campaign.proposal else { return }
    // guard: commit.majority
    guard campaign.echoes.count >= view.majority else { return }
    tell(.committed(campaign.ballot, echoes: campaign.echoes))
    let others = view.members + decision.next.members.filter { view.rank(of: $0.id) == nil }
    for member in others where member.id != record.id {
      effects.append(.send(.commit(decision), to: member))
    }
    take(decision, now, into: &effects)
  }

  /// Says again what was not answered.
  mutating func repeatLetters(into effects: inout [MembershipEffect]) {
    guard let view, let campaign = change.campaign else { return }
    for peer in view.ranks.removing(rank) {
      if campaign.reports[peer.index] == nil {
        effects.append(.send(.begin(view: view.number, campaign.ballot), to: view.record(peer)))
      } else if let proposal = campaign.proposal, !campaign.echoes.contains(peer) {
        effects.append(.send(.propose(proposal), to: view.record(peer)))
      }
    }
  }
}
