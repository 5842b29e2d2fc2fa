// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// A member's part in the change that ends its view.
struct ViewChange: Sendable, Hashable {
  /// The latest ballot that this member has promised; it takes no part in earlier ones.
  var promised = Ballot.none
  /// Where it stopped; nil until then.
  var columns: FinalColumns?
  /// The latest proposal that it stood by.
  var echoed: Decision?
  /// What it leads; nil where it leads nothing.
  var campaign: Campaign?
  /// The latest attempt that was heard of.
  var seen: UInt32 = 0
  /// When this member may begin a ballot of its own, after another one was begun.
  var nextCampaign: UInt64 = 0
  /// Ballots that it has begun in this view.
  var campaigns: UInt64 = 0
}

extension Membership {
  /// Promises a ballot that is newer than all before it, stops, and reports.
  mutating func promise(_ ballot: Ballot, into effects: inout [MembershipEffect]) {
    guard let view else { return }
    guard ballot >= change.promised else {
      let letter = Letter.behind(view: view.number, change.promised)
      return effects.append(.send(letter, to: view.record(ballot.leader)))
    }
    // guard: report.newer
    if ballot > change.promised {
      if change.promised > .none { marks.insert(.takeover) }
      change.promised = ballot
      change.seen = max(change.seen, ballot.attempt)
      if ballot.leader != rank { giveWay() }
    }
    // guard: report.wedged
    guard change.columns != nil else { return effects.append(.wedge) }
    report(into: &effects)
  }

  /// This member has stopped, and will be no farther than `columns` in this view.
  package mutating func wedged(
    at columns: FinalColumns, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard view != nil, change.columns == nil else { return }
    change.columns = columns
    tell(.wedged)
    guard isWedged else { return }
    report(into: &effects)
    lead(now, into: &effects)
  }

  private mutating func report(into effects: inout [MembershipEffect]) {
    guard let view, let columns = change.columns else { return }
    tell(
      .reported(
        change.promised, received: columns.received, echoed: change.echoed?.ballot))
    let report = Report(
      view: view.number, ballot: change.promised, columns: columns, suspects: suspects(lastTick),
      unmet: unmet, isLeaving: isLeaving, echoed: change.echoed)
    if change.promised.leader == rank {
      change.campaign?.take(report, from: rank)
    } else {
      effects.append(.send(.report(report), to: view.record(change.promised.leader)))
    }
  }

  /// Another ballot overtook the one that this member leads.
  mutating func fallBehind(_ ballot: Ballot) {
    guard let campaign = change.campaign, ballot > campaign.ballot else { return }
    marks.insert(.behind)
    change.seen = max(change.seen, ballot.attempt)
    giveWay()
  }

  /// Leaves the lead to another for a while: longer for each ballot that came to nothing, and for
  /// higher ranks, so that two who contend do not go on for ever.
  private mutating func giveWay() {
    change.campaign = nil
    let turns = UInt64(1) << min(change.campaigns, 4)
    let patience = settings.suspectAfter &* turns &+ settings.heartbeat &* UInt64(rank.index)
    change.nextCampaign = lastTick &+ patience
  }
}
