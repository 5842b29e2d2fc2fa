// SPDX-License-Identifier: Apache-2.0
package import Memory

/// A state on its way to who joins a subgroup, cut into messages.
///
/// The first message begins with the number of all bytes (8, little-endian); the rest follows in
/// order, and is whole when so many have come.
package struct StateSender: Sendable {
  private let bytes: [UInt8]
  private var sent = 0

  package init(_ state: Bytes) {
    var out = ByteBuffer(capacity: state.count + 8)
    out.appendLittleEndian(UInt64(state.count))
    out.append(state)
    bytes = Array(out.bytes)
  }

  package var isDone: Bool { sent == bytes.count }

  /// How many bytes the next message has, of at most `maximum`.
  package func next(_ maximum: Int) -> Int { min(maximum, bytes.count - sent) }

  /// Hands out the next message of `count` bytes.
  package mutating func take(_ count: Int, _ body: (Bytes) -> Void) {
    bytes.withBytes { body($0[sent..<sent + count]) }
    sent += count
  }
}

/// The receiving end.
package struct StateReceiver: Sendable {
  private var bytes: [UInt8] = []
  private static let headerBytes = 8

  package init() {}

  /// Takes a message in; hands out the whole state when the last one came.
  package mutating func take(_ message: Bytes) throws(ByteReader.Damaged) -> [UInt8]? {
    bytes += Array(message)
    guard bytes.count >= Self.headerBytes else { return nil }
    let count = bytes.prefix(Self.headerBytes).reversed().reduce(UInt64(0)) { sum, byte in
      sum << 8 | UInt64(byte)
    }
    let have = UInt64(bytes.count - Self.headerBytes)
    guard have <= count else { throw ByteReader.Damaged() }
    return have == count ? Array(bytes[Self.headerBytes...]) : nil
  }
}
