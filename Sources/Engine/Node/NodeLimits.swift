// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Vocabulary

/// How much may wait in a node.
package struct NodeLimits: Sendable {
  /// Submissions that wait or are under way; a client beyond that is told that the node is busy.
  package var submissions = 4096
  /// Clients that wait for changes.
  package var watches = 4096
  package var sizes = PlaneSizes()
  /// Executors, each with one task at a time.
  package var slots = 1
  package var retention = Retention()
  /// Bytes of a partition's blocks that are folded before splits are mapped.
  package var foldBytes = Limits.foldBytes

  package init() {}
}

/// A client that waits for a change.
struct Watch: Sendable {
  let number: UInt64
  let question: [UInt8]
}
