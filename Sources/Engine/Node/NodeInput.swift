// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Membership
package import Replication
package import Vocabulary

/// What comes into a node from outside.
package enum NodeInput {
  /// Another node wrote.
  case letter(from: NodeID, [UInt8])
  /// The way to another node was lost. `isGone`: its process has ended.
  case unreachable(NodeID, isGone: Bool)
  /// A client asks; its answer carries the number.
  case request(UInt64, Request)
  /// A client went away: nobody waits for these answers.
  case abandoned([UInt64])
  /// The fabric of a view stands.
  case formed(view: UInt64, any Fabric)
  /// It does not: these members could not be met.
  case unformed(view: UInt64, RankSet, reason: String)
}

/// What a node wants done outside, in order.
package enum NodeEffect {
  case send([UInt8], to: MemberRecord)
  /// To whoever takes letters at an address.
  case ask([UInt8], address: String)
  case answer(UInt64, Reply)
  /// Form the fabric of a view, with this node at `rank`, and tell: `formed` or `unformed`. An
  /// earlier one that is still being formed is given up.
  case form(View, rank: Rank, ViewLayout)
  case forget(NodeID)
  case stop(StopReason)
  /// For people who read logs.
  case note(String)
  /// Something was applied; told only where the node is observed.
  case applied(Role, Version, sender: NodeID, [UInt8])
  /// A step of the protocol; told only where the node is observed.
  case traced(TraceAction)
}

/// A step of a node's protocols, as the proofs name it.
package enum TraceAction: Hashable, Sendable {
  case change(view: UInt64, MembershipStep)
  /// Delivered by the trim: all places of a subgroup below `count`.
  case concluded(Ballot, view: UInt64, group: Int, count: UInt64)
  /// The state of a subgroup is here.
  case transferred(view: UInt64, group: Int)
}
