// SPDX-License-Identifier: Apache-2.0
/// What the containers of all decoders have in common: whatever a container does not read by itself
/// is left to a decoder of that part. Numbers of 128 bits are named because `Codable` refuses them
/// where a container does not.

/// Holds one value.
protocol SingleContainer: SingleValueDecodingContainer {
  func integer<N: FixedWidthInteger>(_ type: N.Type) throws -> N
}

extension SingleContainer {
  func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
  func decode(_ type: Int.Type) throws -> Int { try integer(type) }
  func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
  func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
  func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
  func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
  func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
  func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
  func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }
}

extension SingleContainer where Self: Decoder {
  func singleValueContainer() -> any SingleValueDecodingContainer { self }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: self) }
}

/// Holds values in an order.
protocol ElementContainer: UnkeyedDecodingContainer {
  associatedtype Child: Decoder
  /// Passes an element.
  mutating func next() throws -> Child
}

extension ElementContainer {
  mutating func decode(_ type: Int128.Type) throws -> Int128 { try Int128(from: next()) }
  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try UInt128(from: next()) }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try T(from: next()) }
  mutating func nestedContainer<Field: CodingKey>(
    keyedBy type: Field.Type
  ) throws -> KeyedDecodingContainer<Field> {
    try next().container(keyedBy: type)
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder { try next() }
}

/// Holds values by name.
protocol FieldContainer: KeyedDecodingContainerProtocol {
  associatedtype Child: Decoder
  func child(_ key: Key) throws -> Child
}

extension FieldContainer {
  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
    try Int128(from: child(key))
  }
  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
    try UInt128(from: child(key))
  }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try T(from: child(key))
  }
  func nestedContainer<Inner: CodingKey>(
    keyedBy type: Inner.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Inner> {
    try child(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try child(key).unkeyedContainer()
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}
