// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

extension ByteBuffer {
  /// Appends a text with its length in bytes before it.
  package mutating func append(counted text: String) {
    appendVarint(UInt64(text.utf8.count))
    append(text)
  }

  /// Appends the 16 bytes of an id.
  package mutating func append(_ id: NodeID) {
    appendLittleEndian(id.high)
    appendLittleEndian(id.low)
  }
}

extension ByteReader {
  /// A text with its length in bytes before it. What is not UTF-8 in it becomes U+FFFD.
  package mutating func text(atMost maximum: Int = .max) throws(Damaged) -> String {
    let count = try length()
    guard count <= maximum else { throw Damaged() }
    return String(decoding: Array(try take(count)), as: UTF8.self)
  }

  package mutating func id() throws(Damaged) -> NodeID {
    let high = try littleEndian(UInt64.self)
    return NodeID(high: high, low: try littleEndian(UInt64.self))
  }
}
