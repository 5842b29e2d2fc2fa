// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// How patient a node is, and how its cluster is laid out. Times are nanoseconds of a clock that
/// never goes back.
package struct MembershipSettings: Sendable {
  /// How often a member says that it lives, and repeats what was not answered.
  package var heartbeat: UInt64 = 100_000_000
  /// How long a member may be silent before it is suspected.
  package var suspectAfter: UInt64 = 2_000_000_000
  /// How long a node waits to be let in.
  package var joinTimeout: UInt64 = 30_000_000_000
  package var rules = LayoutRules()
  /// Members to ask for a place: `host:port`. None: this node founds a cluster.
  package var seeds: [String] = []

  package init() {}
}

/// Why a node is no longer a member.
package enum StopReason: Error, Hashable, Sendable, CustomStringConvertible {
  /// It left as it was asked to.
  case left
  /// The others went on without it.
  case excluded(view: UInt64)
  /// It may not join.
  case refused(String)
  /// Nobody let it in in time.
  case notJoined(waitedFor: String)
  /// The others agreed on messages that it does not have.
  case incomplete(view: UInt64)

  package var description: String {
    switch self {
    case .left: "left the cluster"
    case .excluded(let view):
      "view \(view) of the cluster does not have this node: the others did not hear it for too "
        + "long, or lost their way to it. What it acknowledged is kept; start it again to join anew"
    case .refused(let reason): "may not join: \(reason)"
    case .notJoined(let what): "did not join in time: \(what)"
    case .incomplete(let view):
      "view \(view) ends with messages that this node does not have; start it again to join anew"
    }
  }
}

/// What the core of the membership wants done, in order.
package enum MembershipEffect: Sendable {
  case send(Letter, to: MemberRecord)
  /// To whoever takes letters there.
  case ask(Letter, address: String)
  /// Stop receiving and sending in this view, for good, and tell where that ended: `wedged(at:)`.
  case wedge
  /// Deliver up to the trims, and go on in the next view.
  case install(Decision)
  /// Nothing more will be heard from or said to it.
  case forget(NodeID)
  case stop(StopReason)
}

/// Rare paths that a run went: what a simulation has to reach to have tested it.
package enum MembershipMark: String, CaseIterable, Hashable, Sendable {
  case adoptsEcho = "a leader takes over what an earlier one proposed"
  case takeover = "a ballot follows another one that was begun in the same view"
  case behind = "a leader is told that its ballot is over"
  case excludesConflict = "a member is left out because it cannot meet another"
  case keepsSuspect = "a member that was suspected comes back before the view changes"
  case limitsJoins = "a join waits until more members hold the state"
  case waitsForHolder = "a majority lives and waits for who holds the state"
  case waitsForMajority = "a member cannot reach a majority"
  case keepsLeaver = "a leaving member stays because nobody else holds its state"
  case repeatsCommit = "a member is told again what was decided"
  case nameTaken = "a join is refused for its name"
  case rebornShard = "all replicas of a shard were lost"
  case breaksAgain = "a view ends before its fabric was formed"
  case ownStall = "a node finds that it was stopped itself"
}
