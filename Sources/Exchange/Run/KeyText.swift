// SPDX-License-Identifier: Apache-2.0
import Memory

/// Reads keys as people write them on a command line.
package enum KeyText {
  /// The encoded key that `text` spells; nil where it spells none of this type. The parts of a
  /// tuple stand between tabs.
  package static func encode(_ text: String, as code: TypeCode) -> [UInt8]? {
    var buffer = ByteBuffer(capacity: 64)
    guard append(text, code, isLast: true, &buffer) else { return nil }
    return Array(buffer.bytes)
  }

  /// The bytes with which the encodings of all keys begin whose text begins with `text`; nil where
  /// keys of this type have no such prefix.
  package static func encodePrefix(_ text: String, as code: TypeCode) -> [UInt8]? {
    switch code {
    case .bytes, .string: return Array(text.utf8)
    case .tuple(let parts):
      // Whole parts come first, then the beginning of one that is text.
      let words = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard let last = words.last, words.count <= parts.count,
        parts[words.count - 1] == .bytes || parts[words.count - 1] == .string
      else { return nil }
      var buffer = ByteBuffer(capacity: 64)
      for (word, part) in zip(words.dropLast(), parts) {
        guard append(word, part, isLast: false, &buffer) else { return nil }
      }
      return Array(buffer.bytes) + last.utf8.flatMap { $0 == 0 ? [0, 0xFF] : [$0] }
    default: return nil
    }
  }

  private static func append(
    _ text: String, _ code: TypeCode, isLast: Bool, _ buffer: inout ByteBuffer
  ) -> Bool {
    switch code {
    case .bytes, .string:
      var text = text
      text.withUTF8Bytes {
        if isLast { buffer.append($0) } else { KeyEncoding.appendTerminated($0, to: &buffer) }
      }
      return true
    case .bool:
      guard text == "true" || text == "false" else { return false }
      buffer.append(text == "true" ? 1 : 0 as UInt8)
      return true
    case .double:
      guard let number = Double(text) else { return false }
      buffer.appendBigEndian(KeyEncoding.orderedBits(number))
      return true
    case .integer(let bits, let isSigned): return appendInteger(text, bits, isSigned, &buffer)
    case .tuple(let parts):
      let words = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard words.count == parts.count else { return false }
      return zip(words, parts).allSatisfy { append($0, $1, isLast: false, &buffer) }
    case .float, .array, .optional, .tagged, .nothing: return false
    }
  }

  private static func appendInteger(
    _ text: String, _ bits: Int, _ isSigned: Bool, _ buffer: inout ByteBuffer
  ) -> Bool {
    func put<N: FixedWidthInteger>(_ type: N.Type) -> Bool {
      guard let number = N(text) else { return false }
      KeyEncoding.append(number, to: &buffer)
      return true
    }
    switch (bits, isSigned) {
    case (8, true): return put(Int8.self)
    case (16, true): return put(Int16.self)
    case (32, true): return put(Int32.self)
    case (64, true): return put(Int64.self)
    case (128, true): return put(Int128.self)
    case (8, false): return put(UInt8.self)
    case (16, false): return put(UInt16.self)
    case (32, false): return put(UInt32.self)
    case (64, false): return put(UInt64.self)
    case (128, false): return put(UInt128.self)
    default: return false
    }
  }
}
