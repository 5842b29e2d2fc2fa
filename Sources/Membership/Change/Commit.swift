// SPDX-License-Identifier: Apache-2.0
import Vocabulary

extension Membership {
  /// Stands by a proposal of the ballot that was promised last.
  mutating func echo(_ decision: Decision, into effects: inout [MembershipEffect]) {
    guard let view, decision.view == view.number else { return }
    // guard: echo.promised
    guard decision.ballot == change.promised else { return }
    // Whoever goes on has all of the trim; who is left out only stands by what was decided, so that
    // a majority can be had though some of those who reported are gone. (guard: echo.holds)
    guard decision.next.rank(of: record.id) == nil || hasAll(of: decision) else { return }
    change.echoed = decision
    tell(.echoed(decision.ballot))
    if decision.ballot.leader == rank {
      change.campaign?.echoes.insert(rank)
    } else {
      let letter = Letter.echo(view: view.number, decision.ballot)
      effects.append(.send(letter, to: view.record(decision.ballot.leader)))
    }
  }

  /// A member stands by this leader's proposal.
  mutating func takeEcho(
    _ ballot: Ballot, from peer: Rank, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard change.campaign?.ballot == ballot, change.campaign?.proposal != nil else { return }
    change.campaign?.echoes.insert(peer)
  }

  /// It is decided: this node goes on in the next view, or stops where that does not have it. Only
  /// a leader that has a majority's echoes says so, and who was told. (guard: install.committed)
  mutating func take(_ decision: Decision, _ now: UInt64, into effects: inout [MembershipEffect]) {
    guard let view else { return beginFirst(decision, now, into: &effects) }
    guard decision.view == view.number, decision.next.cluster == view.cluster else { return }
    // guard: install.stays
    guard decision.next.rank(of: record.id) != nil else {
      return stop(.excluded(view: decision.next.number), into: &effects)
    }
    // Nobody has a place in the next view without having reported, and so stopped.
    // guard: install.holds
    guard hasAll(of: decision) else {
      return stop(.incomplete(view: view.number), into: &effects)
    }
    install(decision, from: view, now, into: &effects)
  }

  private mutating func install(
    _ decision: Decision, from view: View, _ now: UInt64,
    into effects: inout [MembershipEffect]
  ) {
    lastDecision = decision
    let lost = view.members.filter { decision.next.rank(of: $0.id) == nil }
    former = (former + lost).suffix(Limits.members)
    let gone = lost.filter { member in
      view.rank(of: member.id).map { peers[$0.index].isGone } ?? false
    }
    effects.append(.install(decision))
    enter(decision.next, now)
    effects += gone.map { .forget($0.id) }
  }

  private mutating func beginFirst(
    _ decision: Decision, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard joining != nil, decision.next.rank(of: record.id) != nil else { return }
    lastDecision = decision
    effects.append(.install(decision))
    enter(decision.next, now)
  }

  /// A member missed the decision that ended the view before this one.
  mutating func repeatDecision(to peer: Rank, into effects: inout [MembershipEffect]) {
    guard let view, let decision = lastDecision, decision.next == view else { return }
    marks.insert(.repeatsCommit)
    effects.append(.send(.commit(decision), to: view.record(peer)))
  }

  /// A node that is no member speaks as if it were one: it is told that the others went on.
  mutating func answerStranger(
    _ sender: NodeID, _ letter: Letter, into effects: inout [MembershipEffect]
  ) {
    guard let view, let record = former.last(where: { $0.id == sender }) else { return }
    effects.append(.send(.excluded(view: view.number), to: record))
  }
}
