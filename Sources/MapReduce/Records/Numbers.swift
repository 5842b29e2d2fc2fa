// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory

/// An integer of any width, as key and as value.
public protocol IntegerKey: FixedWidthInteger, Codable, Key, Record {}

extension IntegerKey {
  /// An integer of this width.
  public static var typeCode: TypeCode { .integer(bits: bitWidth, isSigned: isSigned) }

  /// Big-endian, the sign flipped: the order of the bytes is that of the numbers.
  @inlinable @inline(__always)
  public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    KeyEncoding.append(self, to: &target.buffer)
  }

  /// Hands the encoded key to `body`, without memory of its own.
  @inlinable @inline(__always)
  public func withEncodedKey<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    try withBigEndianBytes(of: KeyEncoding.flipped(self), body)
  }

  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> Self {
    KeyEncoding.flipped(try source.reader.bigEndian(Self.self))
  }

  /// A varint, zig-zag where the type has a sign; 128-bit numbers take sixteen bytes.
  @inlinable @inline(__always) public func encode(into target: inout RecordWriter) {
    if Self.bitWidth > 64 {
      target.appendFixed(self)
    } else if Self.isSigned {
      target.appendZigZag(Int64(truncatingIfNeeded: self))
    } else {
      target.appendVarint(UInt64(truncatingIfNeeded: self))
    }
  }

  /// Reads what `encode` wrote.
  @inlinable @inline(__always) public init(from source: inout RecordReader) throws {
    // Counts are small: what is read for each record shall be little code.
    if Self.bitWidth <= 64, let byte = source.reader.shortVarint() {
      self.init(
        truncatingIfNeeded: Self.isSigned ? ZigZag.decode(UInt64(byte)) : Int64(byte))
    } else {
      self = try Self.decodeLong(from: &source)
    }
  }

  @inlinable @inline(never) static func decodeLong(
    from source: inout RecordReader
  ) throws -> Self {
    if Self.bitWidth > 64 { return try source.fixed(Self.self) }
    let number =
      Self.isSigned ? Self(exactly: try source.zigZag()) : Self(exactly: try source.varint())
    guard let number else { throw ByteReader.Damaged() }
    return number
  }
}

extension Int: IntegerKey {}
extension Int8: IntegerKey {}
extension Int16: IntegerKey {}
extension Int32: IntegerKey {}
extension Int64: IntegerKey {}
extension Int128: IntegerKey {}
extension UInt: IntegerKey {}
extension UInt8: IntegerKey {}
extension UInt16: IntegerKey {}
extension UInt32: IntegerKey {}
extension UInt64: IntegerKey {}
extension UInt128: IntegerKey {}

extension Double: Key, Record {
  /// A 64-bit IEEE 754 number.
  public static var typeCode: TypeCode { .double }

  /// Eight bytes in the order of the numbers; −0 is 0, NaN comes last.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    target.buffer.appendBigEndian(KeyEncoding.orderedBits(self))
  }
  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> Double {
    KeyEncoding.double(orderedBits: try source.reader.bigEndian(UInt64.self))
  }

  /// Eight bytes.
  @inlinable @inline(__always) public func encode(into target: inout RecordWriter) {
    target.appendFixed(bitPattern)
  }
  /// Reads what `encode` wrote.
  @inlinable @inline(__always) public init(from source: inout RecordReader) throws {
    self.init(bitPattern: try source.fixed(UInt64.self))
  }
}

extension Float: Record {
  /// A 32-bit IEEE 754 number.
  public static var typeCode: TypeCode { .float }

  /// Four bytes.
  @inlinable public func encode(into target: inout RecordWriter) {
    target.appendFixed(bitPattern)
  }
  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    self.init(bitPattern: try source.fixed(UInt32.self))
  }
}

extension Bool: Key, Record {
  /// True or false.
  public static var typeCode: TypeCode { .bool }

  /// One byte; false comes first.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    target.append(self ? 1 : 0)
  }
  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> Bool {
    try source.byte() != 0
  }

  /// One byte.
  @inlinable public func encode(into target: inout RecordWriter) { target.append(self ? 1 : 0) }
  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    self = try source.byte() != 0
  }
}
