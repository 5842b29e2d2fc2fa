// SPDX-License-Identifier: Apache-2.0
package import Membership
package import Memory
import Vocabulary

/// What nodes write to each other: letters of the membership, and submissions of clients whose
/// node is no coordinator, with their replies.
package enum Envelope: Sendable {
  case letter(Letter)
  /// A submission, with the number that its node gave it.
  case forward(UInt64, [UInt8])
  case reply(UInt64, Reply)

  package var encoded: [UInt8] {
    switch self {
    case .letter(let letter): return [1] + letter.encoded
    case .forward(let number, let bytes): return Self.numbered(2, number, bytes)
    case .reply(let number, let reply): return Self.numbered(3, number, reply.encoded)
    }
  }

  private static func numbered(_ kind: UInt8, _ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    var out = ByteBuffer(capacity: bytes.count + 16)
    out.append(kind)
    out.appendLittleEndian(number)
    bytes.withBytes { out.append($0) }
    return Array(out.bytes)
  }

  /// Nil where the bytes are nothing that a node writes.
  package init?(_ bytes: Bytes) {
    var reader = ByteReader(bytes)
    guard let kind = try? reader.byte() else { return nil }
    if kind == 1 {
      guard let letter = try? LetterReader.read(bytes[1...]) else { return nil }
      self = .letter(letter)
      return
    }
    guard let number = try? reader.littleEndian(UInt64.self),
      let rest = try? reader.take(reader.remaining)
    else { return nil }
    switch kind {
    case 2: self = .forward(number, Array(rest))
    case 3:
      guard let reply = Reply(Array(rest)) else { return nil }
      self = .reply(number, reply)
    default: return nil
    }
  }
}
