// SPDX-License-Identifier: Apache-2.0
import Exchange

/// Decodes any `Codable` value from a tree.
struct TaggedDecoder: Decoder {
  let tree: TaggedTree
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Field: CodingKey>(
    keyedBy type: Field.Type
  ) throws -> KeyedDecodingContainer<Field> {
    guard case .record(let fields) = tree else { throw mismatch(type, "a record") }
    return KeyedDecodingContainer(
      FieldsReader<Field>(
        fields: Dictionary(fields, uniquingKeysWith: { _, last in last }),
        codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let elements) = tree else { throw mismatch([Any].self, "a list") }
    return ElementsReader(elements: elements, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    SingleReader(tree: tree, codingPath: codingPath)
  }

  func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
    .typeMismatch(
      type,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "wanted \(wanted), found \(tree)"))
  }

  struct SingleReader: SingleValueDecodingContainer {
    let tree: TaggedTree
    let codingPath: [any CodingKey]

    private func failure(_ type: Any.Type) -> DecodingError {
      TaggedDecoder(tree: tree, codingPath: codingPath).mismatch(type, "\(type)")
    }

    private func integer<N: FixedWidthInteger>(_ type: N.Type) throws -> N {
      let number: N? =
        switch tree {
        case .integer(let value): N(exactly: value)
        case .natural(let value): N(exactly: value)
        case .text(let value) where N.bitWidth > 64: N(value)
        default: nil
        }
      guard let number else { throw failure(type) }
      return number
    }

    func decodeNil() -> Bool { if case .none = tree { true } else { false } }
    func decode(_ type: Bool.Type) throws -> Bool {
      guard case .bool(let value) = tree else { throw failure(type) }
      return value
    }
    func decode(_ type: String.Type) throws -> String {
      guard case .text(let value) = tree else { throw failure(type) }
      return value
    }
    func decode(_ type: Double.Type) throws -> Double {
      guard case .double(let value) = tree else { throw failure(type) }
      return value
    }
    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }
    func decode(_ type: Int128.Type) throws -> Int128 { try integer(type) }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try integer(type) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try T(from: TaggedDecoder(tree: tree, codingPath: codingPath))
    }
  }

  struct ElementsReader: UnkeyedDecodingContainer {
    let elements: [TaggedTree]
    let codingPath: [any CodingKey]
    var currentIndex = 0
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private mutating func next() throws -> TaggedDecoder {
      guard !isAtEnd else {
        throw DecodingError.valueNotFound(
          Any.self,
          DecodingError.Context(codingPath: codingPath, debugDescription: "the list has ended"))
      }
      defer { currentIndex += 1 }
      return TaggedDecoder(tree: elements[currentIndex], codingPath: codingPath)
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .none = elements[currentIndex] else { return false }
      currentIndex += 1
      return true
    }
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

  struct FieldsReader<Field: CodingKey>: KeyedDecodingContainerProtocol {
    let fields: [String: TaggedTree]
    let codingPath: [any CodingKey]
    var allKeys: [Field] { fields.keys.sorted().compactMap(Field.init(stringValue:)) }

    private func child(_ key: any CodingKey) throws -> TaggedDecoder {
      guard let tree = fields[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, DecodingError.Context(codingPath: codingPath, debugDescription: "no such field"))
      }
      return TaggedDecoder(tree: tree, codingPath: codingPath + [key])
    }

    func contains(_ key: Field) -> Bool { fields[key.stringValue] != nil }
    func decodeNil(forKey key: Field) throws -> Bool {
      if case .none = try child(key).tree { true } else { false }
    }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Field) throws -> T {
      try T(from: child(key))
    }
    func nestedContainer<Inner: CodingKey>(
      keyedBy type: Inner.Type, forKey key: Field
    ) throws -> KeyedDecodingContainer<Inner> {
      try child(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Field) throws -> any UnkeyedDecodingContainer {
      try child(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder {
      guard let tree = fields["super"] else {
        throw DecodingError.valueNotFound(
          Any.self,
          DecodingError.Context(codingPath: codingPath, debugDescription: "no super value"))
      }
      return TaggedDecoder(tree: tree, codingPath: codingPath)
    }
    func superDecoder(forKey key: Field) throws -> any Decoder { try child(key) }
  }
}
