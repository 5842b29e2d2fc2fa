// SPDX-License-Identifier: Apache-2.0

/// What clients do in a turn.
enum StoreWork: String {
  /// Makes an entry, where the store knows no setting without one.
  case create
  /// Sets the value of an entry.
  case set
  /// Reads an entry as it is after all that was acknowledged before, whoever wrote it.
  case read
}

/// How a client of one store speaks: what it writes for an operation, and when its answer is whole.
/// One for each connection; one operation at a time.
protocol Dialect {
  /// What a client says before anything else; the store's answer to it is no operation's.
  mutating func greet(into out: inout [UInt8])

  /// Whether operations may follow what has come so far.
  var isWelcome: Bool { get }

  /// An operation on the entry `key`.
  mutating func ask(_ work: StoreWork, key: Int, value: [UInt8], into out: inout [UInt8])

  /// Takes the first whole message off what came. What it must answer goes to `out`.
  mutating func take(
    _ bytes: ArraySlice<UInt8>, into out: inout [UInt8]
  ) throws -> Taken
}

/// What became of bytes that came.
enum Taken {
  /// The first message is not whole.
  case nothing
  /// A message of so many bytes; more belongs to the answer, or it is none.
  case message(Int)
  /// A message that ends the answer.
  case answer(Int)
}

/// The names of entries.
enum StoreKey {
  static let count = 1000
  static func name(_ key: Int) -> String { "/entry\(1_000_000 + key)" }
}

extension [UInt8] {
  mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
    for byte in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> Value(byte)))
    }
  }

  mutating func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
    for byte in stride(from: 0, to: Value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> Value(byte)))
    }
  }

  mutating func appendVarint(_ value: Int) {
    var rest = UInt(value)
    while rest >= 0x80 {
      append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}

extension ArraySlice<UInt8> {
  /// The big-endian number of `count` bytes that stands `offset` bytes behind the start.
  func bigEndian(at offset: Int, _ count: Int) -> Int {
    var value = 0
    for place in startIndex + offset..<startIndex + offset + count {
      value = value << 8 | Int(self[place])
    }
    return value
  }
}
