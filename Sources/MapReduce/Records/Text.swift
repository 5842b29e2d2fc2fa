// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory

extension Bytes: Key {
  /// Raw bytes.
  public static var typeCode: TypeCode { .bytes }
  /// Bytes are their own encoding.
  @inlinable public static var isView: Bool { true }
  /// The bytes themselves.
  @inlinable @inline(__always) public var view: Bytes { self }

  /// The bytes as they are; inside of a tuple, with a marked end.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    if isLast {
      target.append(self)
    } else {
      KeyEncoding.appendTerminated(self, to: &target.buffer)
    }
  }

  /// Shows the key in place. Inside of a tuple, where bytes may be escaped, a view is only there
  /// for keys without zero bytes: use `String` or `[UInt8]` for others.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> Bytes {
    if isLast { return try source.rest() }
    return try source.terminatedInPlace()
  }
}

extension RecordReader {
  @usableFromInline mutating func terminatedInPlace() throws -> Bytes {
    let all = reader.bytes
    let start = reader.offset
    guard let end = all.firstIndex(of: 0, from: start) else { throw ByteReader.Damaged() }
    let bytes = try reader.take(end - start)
    _ = try reader.byte()
    guard try reader.byte() == 1 else {
      throw JobError(
        .failed, "a key of Bytes inside of a tuple holds a zero byte",
        advice: "use [UInt8] or String in the tuple, which can hold any byte")
    }
    return bytes
  }

  @usableFromInline mutating func terminated() throws -> [UInt8] {
    var copy = ByteBuffer(capacity: 64)
    try KeyEncoding.readTerminated(&reader, into: &copy)
    return Array(copy.bytes)
  }
}

extension String: Key, Record {
  /// UTF-8 text.
  public static var typeCode: TypeCode { .string }

  /// The UTF-8 bytes: the order is that of the code points, not of a language.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    var text = self
    text.withUTF8Bytes { $0.encodeKey(into: &target, isLast: isLast) }
  }
  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> String {
    if isLast { return String(try source.rest()) }
    return String(decoding: try source.terminated(), as: UTF8.self)
  }

  /// The length, then UTF-8.
  @inlinable public func encode(into target: inout RecordWriter) {
    var text = self
    text.withUTF8Bytes { target.appendCounted($0) }
  }
  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    self.init(try source.counted())
  }
}

extension Array: Record where Element: Record {
  /// Bytes where the elements are `UInt8`; else an array.
  public static var typeCode: TypeCode {
    Element.self == UInt8.self ? .bytes : .array(Element.typeCode)
  }

  /// The count, then the elements.
  @inlinable public func encode(into target: inout RecordWriter) {
    if Element.self == UInt8.self, let bytes = self as? [UInt8] {
      bytes.withBytes { target.appendCounted($0) }
      return
    }
    target.appendVarint(UInt64(count))
    for element in self { element.encode(into: &target) }
  }

  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    if Element.self == UInt8.self, let bytes = Array<UInt8>(try source.counted()) as? Self {
      self = bytes
      return
    }
    let count = try source.varint()
    self = []
    // The count is not trusted for memory: damaged bytes end the loop.
    reserveCapacity(Int(Swift.min(count, 4096)))
    for _ in 0..<count { append(try Element(from: &source)) }
  }
}

extension Array: Key where Element == UInt8 {
  /// The bytes as they are; inside of a tuple, with a marked end.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    withBytes { $0.encodeKey(into: &target, isLast: isLast) }
  }
  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> [UInt8] {
    isLast ? Array(try source.rest()) : try source.terminated()
  }
}

extension Optional: Record where Wrapped: Record {
  /// The wrapped code with a question mark.
  public static var typeCode: TypeCode { .optional(Wrapped.typeCode) }

  /// One byte that tells whether there is a value, then the value.
  @inlinable public func encode(into target: inout RecordWriter) {
    switch self {
    case nil: target.append(0)
    case .some(let value):
      target.append(1)
      value.encode(into: &target)
    }
  }
  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    self = try source.byte() == 0 ? nil : Wrapped(from: &source)
  }
}
