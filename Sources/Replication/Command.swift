// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// Which command of which client: sent again, it has no second effect.
package struct CommandID: Hashable, Sendable {
  /// Drawn by the client when it begins.
  package let session: NodeID
  /// Counted by the client, from 1.
  package let number: UInt64
  /// All commands of the session up to this number were answered, and their answers are no longer
  /// needed.
  package let acknowledged: UInt64

  package init(session: NodeID, number: UInt64, acknowledged: UInt64) {
    self.session = session
    self.number = number
    self.acknowledged = acknowledged
  }
}

/// What goes through a subgroup's total order: a command of a session, or a question that wants to
/// be answered at its place in the order.
///
/// As bytes: a kind; for a command its session (16), number and acknowledged number (varints); then
/// what the state machine reads.
package enum Submission {
  case command(CommandID, Bytes)
  case question(Bytes)

  private static let commandKind: UInt8 = 1
  private static let questionKind: UInt8 = 2

  /// The most bytes that stand before what the state machine reads.
  package static let headerBytesMaximum = 37

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .command(let id, let bytes):
      out.append(Self.commandKind)
      out.append(id.session)
      out.appendVarint(id.number)
      out.appendVarint(id.acknowledged)
      out.append(bytes)
    case .question(let bytes):
      out.append(Self.questionKind)
      out.append(bytes)
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> Submission {
    var reader = ByteReader(bytes)
    switch try reader.byte() {
    case Self.questionKind: return .question(try reader.take(reader.remaining))
    case Self.commandKind:
      let session = try reader.id()
      let number = try reader.varint()
      let acknowledged = try reader.varint()
      guard number > acknowledged else { throw ByteReader.Damaged() }
      let id = CommandID(session: session, number: number, acknowledged: acknowledged)
      return .command(id, try reader.take(reader.remaining))
    default: throw ByteReader.Damaged()
    }
  }
}

/// What a submission came to. The same at all replicas.
package enum Outcome: Hashable, Sendable {
  case done([UInt8])
  case refused(String)
  /// A question whose answer has to wait for a change.
  case waits

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .done(let bytes):
      out.append(0 as UInt8)
      bytes.withBytes { out.append($0) }
    case .refused(let reason):
      out.append(1 as UInt8)
      out.append(reason)
    case .waits: out.append(2 as UInt8)
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> Outcome {
    var reader = ByteReader(bytes)
    let kind = try reader.byte()
    let rest = try reader.take(reader.remaining)
    switch kind {
    case 0: return .done(Array(rest))
    case 1: return .refused(String(decoding: Array(rest), as: UTF8.self))
    case 2: return .waits
    default: throw ByteReader.Damaged()
    }
  }
}
