// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What nodes write to each other to agree on a view. Letters may be lost, repeated and overtake
/// each other: whoever waits for an answer writes again.
package enum Letter: Hashable, Sendable {
  /// The sender lives, in a view, and sees the others like this.
  case heartbeat(Health)
  /// A leader asks: promise this ballot, stop, and say how far you are.
  case begin(view: UInt64, Ballot)
  /// A member promised, and this is how far it is.
  case report(Report)
  /// A leader's one proposal of its ballot.
  case propose(Decision)
  /// A member has all of the proposal and stands by it.
  case echo(view: UInt64, Ballot)
  /// A majority stands by it: it is so.
  case commit(Decision)
  /// A newer ballot was promised: the receiver's is over.
  case behind(view: UInt64, Ballot)
  /// The view that followed does not have the receiver.
  case excluded(view: UInt64)
  /// A node asks to join.
  case join(JoinRequest)
  /// Whom to ask, and what the join waits for. `stamp` comes back with the next request.
  case waiting(members: [MemberRecord], reason: String, stamp: UInt64)
  /// The node may not join, for a reason that waiting does not mend.
  case refused(reason: String)
}

/// How a member sees itself and the others.
package struct Health: Hashable, Sendable {
  package let view: UInt64
  /// Members that it does not hear.
  package var suspects = RankSet()
  /// Members that it could not meet in this view's fabric.
  package var unmet = RankSet()
  /// Whether its part of the view's fabric is broken.
  package var isBroken = false
  package var isLeaving = false
  /// By subgroup of the view: whether it holds the state.
  package var holds: [Bool] = []

  package init(view: UInt64) { self.view = view }
}

/// Where a wedged member stands: its columns are final.
package struct FinalColumns: Hashable, Sendable {
  /// By subgroup: places of the total order that it has without a gap.
  package let received: [UInt64]
  /// By subgroup: whether it holds the state.
  package let holds: [Bool]

  package init(received: [UInt64], holds: [Bool]) {
    self.received = received
    self.holds = holds
  }
}

/// A promise with everything that a leader needs to know of the member.
package struct Report: Hashable, Sendable {
  package let view: UInt64
  package let ballot: Ballot
  package let columns: FinalColumns
  /// As in `Health`.
  package let suspects: RankSet
  package let unmet: RankSet
  package let isLeaving: Bool
  /// The latest proposal that it stood by in this view.
  package let echoed: Decision?

  package init(
    view: UInt64, ballot: Ballot, columns: FinalColumns, suspects: RankSet, unmet: RankSet,
    isLeaving: Bool, echoed: Decision?
  ) {
    self.view = view
    self.ballot = ballot
    self.columns = columns
    self.suspects = suspects
    self.unmet = unmet
    self.isLeaving = isLeaving
    self.echoed = echoed
  }
}

/// How a view ends and what follows: one decision for all subgroups.
package struct Decision: Hashable, Sendable {
  package let ballot: Ballot
  /// By subgroup of the view that ends: places of its total order that are delivered, and no more.
  package let trims: [UInt64]
  package let next: View

  package init(ballot: Ballot, trims: [UInt64], next: View) {
    self.ballot = ballot
    self.trims = trims
    self.next = next
  }

  /// The view that it ends.
  package var view: UInt64 { next.number - 1 }

  /// The same, proposed by a later leader.
  func carried(by ballot: Ballot) -> Decision {
    Decision(ballot: ballot, trims: trims, next: next)
  }
}

/// What a node says of itself when it wants to join.
package struct JoinRequest: Hashable, Sendable {
  package let record: MemberRecord
  package let rules: LayoutRules
  /// The stamp of the receiver's last answer, which shows how old this request can be at most; 0
  /// where there was none.
  package let stamp: UInt64

  package init(record: MemberRecord, rules: LayoutRules, stamp: UInt64) {
    self.record = record
    self.rules = rules
    self.stamp = stamp
  }
}
