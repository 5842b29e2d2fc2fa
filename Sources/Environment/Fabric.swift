// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// Moves ranges of memory to peers by one-sided writes: the only door through which members of a
/// group meet.
///
/// Every member has a copy of every member's segment (`segment(_:)`), at the same offsets; over
/// shared memory the copy *is* the owner's memory. A push makes a range of the pusher's copy
/// visible at the same place of the targets' copies. The contract, which one conformance suite
/// checks for every fabric:
///
/// 1. **Single writer.** In one group each byte of a region has one writing member at a time.
/// 2. **Prefix order per pair.** Pushes from A to B become visible at B in posting order. Inside
///    one push bytes may land in any order, but an aligned 8-byte cell is never torn.
/// 3. **Silence.** A push returns nothing. That it arrived is known from the receiver's columns.
/// 4. **Failure.** Pushes to a dead peer vanish; `.unreachable` is reported at most once for each
///    peer. Nothing blocks, retries for ever, or exits.
/// 5. **Fence.** After `fence()` no cell of a copy changes any more, and nothing is sent. What the
///    cells publish stays readable; what else is payload may still change.
/// 6. **Waking.** `arm`, look once more, `park`: a push that becomes visible after `arm` ends the
///    `park`, and so does a wake by another thread. A parked member uses no processor.
///
/// Cells are carried as they were when they were posted. Payload may be read from the pusher's copy
/// until it has arrived: whoever pushes leaves it alone until a column of the receiver says that it
/// is there.
///
/// All calls come from one thread, but for those of the `waker`.
package protocol Fabric: AnyObject {
  /// This member.
  var rank: Rank { get }
  var plan: GroupPlan { get }
  /// Members with whom this one shares memory, itself included: what one of them writes in its
  /// segment, all of them see in place.
  var sharesMemory: RankSet { get }

  /// This member's copy of a member's segment.
  func segment(_ owner: Rank) -> Segment

  /// Posts pushes, in order. The targets' own rank is ignored.
  func push(_ pushes: borrowing Pushes)

  /// Moves what can be moved without waiting, and reports failures. True where something may have
  /// become visible since the last call.
  func poll(into events: inout [FabricEvent]) -> Bool

  /// Lets other threads of this process end a `park`. The same one as long as the fabric lives.
  var waker: Waker { get }

  /// From now on a push that becomes visible, or a wake, ends the next `park`.
  func arm()
  /// Waits for a push or a wake since `arm`, at most `nanoseconds`.
  func park(nanoseconds: UInt64)
  /// Takes an `arm` back where a last look found something to do.
  func disarm()

  /// No cell of a copy changes from now on, and nothing more is sent.
  func fence()
  /// Ends all connections and threads of the fabric. Segments that are still held stay readable.
  func close()
}

/// What a fabric tells besides the bytes.
package enum FabricEvent: Sendable, Hashable {
  /// The peer's process, host or link is gone; reported at most once for each peer.
  case unreachable(Rank, reason: String)
  /// The peer sent what it may not: its link was cut. Followed by `.unreachable`.
  case refused(Rank, reason: String)
}
