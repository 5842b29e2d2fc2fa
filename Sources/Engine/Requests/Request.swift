// SPDX-License-Identifier: Apache-2.0
import Memory
package import Replication

/// What a client asks a node for.
package enum Request: Sendable {
  /// Goes through the total order of the coordinators: a command, or a question whose answer is
  /// that of its place in the order. The bytes are a `Submission`.
  case submit([UInt8])
  /// Answered from this node's own copy, when it has an answer: for who waits for changes.
  case watch([UInt8])
  /// How this node sees itself and the others.
  case status
  /// Leaves the cluster.
  case leave
  /// Bytes of a run, of whoever holds it.
  case read(RunQuestion)
  /// What people want to know of a member.
  case inquire(Inquiry)

  package var encoded: [UInt8] {
    switch self {
    case .submit(let bytes): [1] + bytes
    case .watch(let bytes): [2] + bytes
    case .status: [3]
    case .leave: [4]
    case .read(let question): [5] + question.encoded
    case .inquire(let inquiry): [6] + inquiry.encoded
    }
  }

  /// Nil where the bytes are no request.
  package init?(_ bytes: [UInt8]) { self.init(bytes[...]) }

  /// Of a part of what came, which is copied once.
  package init?(_ bytes: ArraySlice<UInt8>) {
    switch bytes.first {
    case 1: self = .submit(Array(bytes.dropFirst()))
    case 2: self = .watch(Array(bytes.dropFirst()))
    case 3 where bytes.count == 1: self = .status
    case 4 where bytes.count == 1: self = .leave
    case 5:
      guard let question = RunQuestion(Array(bytes.dropFirst())) else { return nil }
      self = .read(question)
    case 6:
      guard let inquiry = Inquiry(Array(bytes.dropFirst())) else { return nil }
      self = .inquire(inquiry)
    default: return nil
    }
  }
}

/// What a client is answered.
package enum Reply: Hashable, Sendable {
  case outcome(Outcome)
  /// Nothing can be done now. A command may have happened or not: sent again with the same number,
  /// it happens once.
  case unavailable(String)
  /// Too much waits already: nothing was done.
  case busy(String)
  /// What was sent is not a request.
  case malformed(String)
  case status([UInt8])
  /// The node leaves.
  case leaving

  package var encoded: [UInt8] {
    switch self {
    case .outcome(let outcome):
      var out = ByteBuffer()
      out.append(0 as UInt8)
      outcome.write(into: &out)
      return Array(out.bytes)
    case .unavailable(let text): return [1] + Array(text.utf8)
    case .busy(let text): return [2] + Array(text.utf8)
    case .malformed(let text): return [3] + Array(text.utf8)
    case .status(let bytes): return [4] + bytes
    case .leaving: return [5]
    }
  }

  /// Nil where the bytes are no reply.
  package init?(_ bytes: [UInt8]) {
    let rest = bytes.dropFirst()
    let text = String(decoding: rest, as: UTF8.self)
    switch bytes.first {
    case 0:
      guard let outcome = try? Array(rest).withBytes({ try Outcome.read($0) }) else { return nil }
      self = .outcome(outcome)
    case 1: self = .unavailable(text)
    case 2: self = .busy(text)
    case 3: self = .malformed(text)
    case 4: self = .status(Array(rest))
    case 5: self = .leaving
    default: return nil
    }
  }
}
