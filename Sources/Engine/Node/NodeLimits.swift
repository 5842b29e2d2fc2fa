// SPDX-License-Identifier: Apache-2.0

/// How much may wait in a node.
package struct NodeLimits: Sendable {
  /// Submissions that wait or are under way; a client beyond that is told that the node is busy.
  package var submissions = 4096
  /// Clients that wait for changes.
  package var watches = 4096
  package var sizes = PlaneSizes()

  package init() {}
}

/// A client that waits for a change.
struct Watch: Sendable {
  let number: UInt64
  let question: [UInt8]
}
