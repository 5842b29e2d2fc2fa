// SPDX-License-Identifier: Apache-2.0

/// Sizes of the rings of a view, in bytes. The same at all nodes: they are part of what members
/// compare when they meet.
package struct PlaneSizes: Sendable, Hashable {
  /// A sender's messages under way in a subgroup.
  package var window = 512
  /// The largest message that goes through a ring of small messages.
  package var smallBytes = 16 << 10
  package var smallRingBytes = 1 << 20
  /// A sender's ring of large messages; it bounds a submission.
  package var blockRingBytes = 4 << 20
  package var blockBytes = 256 << 10
  /// A message of a state that is given to who joins: several fit into the ring at a time.
  package var transferBytes = 1 << 20

  package init() {}

  /// The most bytes of a submission.
  package var submissionBytes: Int { blockRingBytes / 2 }

  /// Bytes of parcels that go to a shard as one message: a few blocks.
  package var parcelBytes: Int { blockRingBytes / 8 }

  /// Asserts how the sizes relate.
  package func check() {
    precondition(4 * transferBytes <= blockRingBytes, "a ring takes four pieces of a state")
    precondition(smallBytes + 16 <= smallRingBytes / 4, "a ring takes four small messages")
  }
}
