// SPDX-License-Identifier: Apache-2.0
import Exchange

/// Decodes any `Codable` value from a tree.
struct TaggedDecoder: Decoder {
  let tree: TaggedTree
  let codingPath: [any CodingKey]
  /// Whether whole numbers and others are of one kind, as they are in JSON. A type's own encoding
  /// tells them apart.
  var isJSON = false
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Field: CodingKey>(
    keyedBy type: Field.Type
  ) throws -> KeyedDecodingContainer<Field> {
    guard case .record(let fields) = tree else { throw mismatch(type, "a record") }
    return KeyedDecodingContainer(
      FieldsReader<Field>(
        fields: Dictionary(fields, uniquingKeysWith: { _, last in last }),
        codingPath: codingPath, isJSON: isJSON))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .list(let elements) = tree else { throw mismatch([Any].self, "a list") }
    return ElementsReader(elements: elements, codingPath: codingPath, isJSON: isJSON)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    SingleReader(tree: tree, codingPath: codingPath, isJSON: isJSON)
  }

  func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
    .typeMismatch(
      type,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "wanted \(wanted), found \(tree)"))
  }

  struct SingleReader: SingleContainer {
    let tree: TaggedTree
    let codingPath: [any CodingKey]
    let isJSON: Bool

    private func failure(_ type: Any.Type) -> DecodingError {
      TaggedDecoder(tree: tree, codingPath: codingPath).mismatch(type, "\(type)")
    }

    func integer<N: FixedWidthInteger>(_ type: N.Type) throws -> N {
      let number: N? =
        switch tree {
        case .integer(let value): N(exactly: value)
        case .natural(let value): N(exactly: value)
        case .text(let value) where N.bitWidth > 64: N(value)
        case .double(let value) where isJSON: N(exactly: value)
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
      switch tree {
      case .double(let value): return value
      case .integer(let value) where isJSON: return Double(value)
      case .natural(let value) where isJSON: return Double(value)
      default: throw failure(type)
      }
    }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try T(from: TaggedDecoder(tree: tree, codingPath: codingPath, isJSON: isJSON))
    }
  }

  struct ElementsReader: ElementContainer {
    let elements: [TaggedTree]
    let codingPath: [any CodingKey]
    let isJSON: Bool
    var currentIndex = 0
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func next() throws -> TaggedDecoder {
      guard !isAtEnd else {
        throw DecodingError.valueNotFound(
          Any.self,
          DecodingError.Context(codingPath: codingPath, debugDescription: "the list has ended"))
      }
      defer { currentIndex += 1 }
      return TaggedDecoder(
        tree: elements[currentIndex], codingPath: codingPath + [ElementKey(currentIndex)],
        isJSON: isJSON)
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .none = elements[currentIndex] else { return false }
      currentIndex += 1
      return true
    }
  }

  struct FieldsReader<Field: CodingKey>: FieldContainer {
    let fields: [String: TaggedTree]
    let codingPath: [any CodingKey]
    let isJSON: Bool
    var allKeys: [Field] { fields.keys.inByteOrder.compactMap(Field.init(stringValue:)) }

    func child(_ key: Field) throws -> TaggedDecoder {
      guard let tree = fields[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, DecodingError.Context(codingPath: codingPath, debugDescription: "no such field"))
      }
      return TaggedDecoder(tree: tree, codingPath: codingPath + [key], isJSON: isJSON)
    }

    func contains(_ key: Field) -> Bool { fields[key.stringValue] != nil }
    func decodeNil(forKey key: Field) throws -> Bool {
      if case .none = try child(key).tree { true } else { false }
    }
    func superDecoder() throws -> any Decoder {
      guard let tree = fields["super"] else {
        throw DecodingError.valueNotFound(
          Any.self,
          DecodingError.Context(codingPath: codingPath, debugDescription: "no super value"))
      }
      return TaggedDecoder(tree: tree, codingPath: codingPath, isJSON: isJSON)
    }
  }
}

/// The place of an element in a list, as part of a path.
struct ElementKey: CodingKey {
  let place: Int
  var intValue: Int? { place }
  var stringValue: String { "\(place)" }

  init(_ place: Int) { self.place = place }
  init?(intValue: Int) { self.init(intValue) }
  init?(stringValue: String) { return nil }
}

extension Collection<String> {
  /// Sorted by their bytes: who asks for keys meets them in one order, whatever a text's characters
  /// are taken for.
  var inByteOrder: [String] { sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
}
