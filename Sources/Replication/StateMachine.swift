// SPDX-License-Identifier: Apache-2.0
package import Memory

/// State that all replicas of a subgroup hold, changed by commands alone.
///
/// Replicas apply the same commands in the same order, and end up the same, byte for byte. So
/// `apply` depends on nothing but the state and the command: no clock, no chance, no loop over
/// something without an order. Every call is bounded in time: the node waits for it.
package protocol StateMachine: Sendable {
  /// The state in which a cluster begins.
  init()

  /// Changes the state by a command, and answers it. Who throws leaves the state as it was.
  mutating func apply(_ command: Bytes, at version: Version) throws(Refusal) -> [UInt8]

  /// Answers a question, and changes nothing. Nil where the answer has to wait for a change: then
  /// it is asked again after the next one.
  func answer(_ question: Bytes) throws(Refusal) -> [UInt8]?

  /// Writes the whole state. Equal states write equal bytes.
  func write(into out: inout ByteBuffer)
  /// The state that was written.
  init(reading reader: inout ByteReader) throws(ByteReader.Damaged)
}

/// Why a state machine does not do what it is asked to. All replicas refuse alike, and the client
/// is told.
package struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }

  package var description: String { reason }
}

/// A place in the history of a subgroup's state: the view, and the place in its total order.
package struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let view: UInt64
  package let sequence: UInt64

  package init(view: UInt64, sequence: UInt64) {
    self.view = view
    self.sequence = sequence
  }

  package static func < (a: Version, b: Version) -> Bool {
    (a.view, a.sequence) < (b.view, b.sequence)
  }

  package var description: String { "\(view).\(sequence)" }
}
