// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Encodes what a test says, without the typed layer above.
enum Encoded {
  static func text(_ text: String) -> [UInt8] { counted(Array(text.utf8)) }

  static func counted(_ bytes: [UInt8]) -> [UInt8] { varint(UInt64(bytes.count)) + bytes }

  static func varint(_ number: UInt64) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.appendVarint(number)
    return Array(buffer.bytes)
  }

  static func integer(_ number: Int64) -> [UInt8] { varint(ZigZag.encode(number)) }

  static func fixed<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.appendLittleEndian(number)
    return Array(buffer.bytes)
  }

  static func key<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
    var buffer = ByteBuffer()
    KeyEncoding.append(number, to: &buffer)
    return Array(buffer.bytes)
  }

  static func key(_ number: Double) -> [UInt8] {
    var buffer = ByteBuffer()
    buffer.appendBigEndian(KeyEncoding.orderedBits(number))
    return Array(buffer.bytes)
  }

  static func terminated(_ text: String) -> [UInt8] {
    var buffer = ByteBuffer()
    Array(text.utf8).withBytes { KeyEncoding.appendTerminated($0, to: &buffer) }
    return Array(buffer.bytes)
  }

  static func tree(_ tree: TaggedTree) -> [UInt8] {
    var buffer = ByteBuffer()
    tree.write(to: &buffer)
    return Array(buffer.bytes)
  }
}

extension RecordFormatter {
  /// One record as text, with its line end.
  func shown(_ key: [UInt8], _ value: [UInt8]) throws -> [UInt8] {
    var buffer = ByteBuffer()
    try key.withBytes { key in
      try value.withBytes { try append(key: key, value: $0, to: &buffer) }
    }
    return Array(buffer.bytes)
  }
}
