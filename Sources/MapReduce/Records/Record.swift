// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory

/// A value that can cross from one stage to the next.
///
/// Numbers, `Bool`, `String`, arrays, optionals and `Tuple` are records. A `Codable` type becomes
/// one by saying so: `struct Visit: Codable, Record { … }`.
///
/// The bytes of a value must be the same in every process. A `Set`, and a dictionary whose keys are
/// neither strings nor integers, encode in an order that is not: keep sorted arrays instead.
public protocol Record: Sendable {
  /// What the bytes mean.
  static var typeCode: TypeCode { get }

  /// Appends the value's bytes, in a form whose end can be found.
  func encode(into target: inout RecordWriter)

  /// Reads a value that `encode` wrote.
  init(from source: inout RecordReader) throws
}

/// A record key: something that is grouped, partitioned and sorted by its bytes.
///
/// All integers, `Double`, `Bool`, `String`, `Bytes`, `[UInt8]` and `Tuple` of these are keys. The
/// order of the encoded bytes is the order of the keys.
public protocol Key: Sendable {
  /// What the bytes mean.
  static var typeCode: TypeCode { get }

  /// Whether `view` shows the encoded key without a copy: the bytes that `encodeKey` appends with
  /// `isLast` true.
  static var isView: Bool { get }

  /// The encoded key in place; called only where `isView` is true.
  var view: Bytes { get }

  /// Appends the encoded key. `isLast` is false inside of a tuple, where the end must be marked.
  func encodeKey(into target: inout RecordWriter, isLast: Bool)

  /// Hands the encoded key to `body`: the bytes that `encodeKey` appends with `isLast` true.
  func withEncodedKey<R>(_ body: (Bytes) throws -> R) rethrows -> R

  /// Reads a key that `encodeKey` wrote.
  static func decodeKey(from source: inout RecordReader, isLast: Bool) throws -> Self
}

extension Key {
  /// Most keys are encoded into a buffer.
  @inlinable public static var isView: Bool { false }

  /// Keys that are encoded have no bytes in place.
  @inlinable public var view: Bytes { preconditionFailure("this key has no bytes in place") }

  /// A view is handed on; what is none is encoded into a buffer.
  @inlinable public func withEncodedKey<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    if Self.isView { return try body(view) }
    var bytes = RecordWriter(capacity: 32)
    encodeKey(into: &bytes, isLast: true)
    return try body(bytes.bytes)
  }

  /// The key that stands alone in `bytes`.
  @inlinable static func decodeKey(_ bytes: Bytes) throws -> Self {
    var source = RecordReader(bytes)
    return try decodeKey(from: &source, isLast: true)
  }
}

/// Where records are encoded to.
public struct RecordWriter: ~Copyable {
  @usableFromInline var buffer: ByteBuffer

  @inlinable init(capacity: Int = 256) { buffer = ByteBuffer(capacity: capacity) }

  @inlinable var bytes: Bytes { buffer.bytes }
  @inlinable var count: Int { buffer.count }
  @inlinable mutating func removeAll() { buffer.removeAll() }

  /// Appends one byte.
  @inlinable public mutating func append(_ byte: UInt8) { buffer.append(byte) }
  /// Appends bytes as they are.
  @inlinable public mutating func append(_ bytes: Bytes) { buffer.append(bytes) }
  /// Appends a number of 1 to 10 bytes, short where it is small.
  @inlinable @inline(__always) public mutating func appendVarint(_ number: UInt64) {
    buffer.appendVarint(number)
  }
  /// Appends a signed number of 1 to 10 bytes, short where it is near zero.
  @inlinable @inline(__always) public mutating func appendZigZag(_ number: Int64) {
    buffer.appendVarint(ZigZag.encode(number))
  }
  /// Appends a number in its own width, the least significant byte first.
  @inlinable public mutating func appendFixed<N: FixedWidthInteger>(_ number: N) {
    buffer.appendLittleEndian(number)
  }
  /// Appends the length, then the bytes.
  @inlinable public mutating func appendCounted(_ bytes: Bytes) {
    buffer.appendVarint(UInt64(bytes.count))
    buffer.append(bytes)
  }
}

/// Where records are decoded from. Every read throws where the bytes are damaged.
public struct RecordReader {
  @usableFromInline var reader: ByteReader

  @inlinable init(_ bytes: Bytes) { reader = ByteReader(bytes) }

  /// Whether all bytes are read.
  @inlinable public var isAtEnd: Bool { reader.isAtEnd }
  /// Reads one byte.
  @inlinable public mutating func byte() throws -> UInt8 { try reader.byte() }
  /// Reads all that is left.
  @inlinable public mutating func rest() throws -> Bytes { try reader.take(reader.remaining) }
  /// Reads `count` bytes, in place.
  @inlinable public mutating func take(_ count: Int) throws -> Bytes { try reader.take(count) }
  /// Reads what `appendVarint` wrote.
  @inlinable public mutating func varint() throws -> UInt64 { try reader.varint() }
  /// Reads what `appendZigZag` wrote.
  @inlinable public mutating func zigZag() throws -> Int64 {
    ZigZag.decode(try reader.varint())
  }
  /// Reads what `appendFixed` wrote.
  @inlinable public mutating func fixed<N: FixedWidthInteger>(_ type: N.Type) throws -> N {
    try reader.littleEndian(type)
  }
  /// Reads what `appendCounted` wrote, in place.
  @inlinable public mutating func counted() throws -> Bytes {
    try reader.take(try reader.length())
  }
}
