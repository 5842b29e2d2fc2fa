// SPDX-License-Identifier: Apache-2.0
import Memory

/// Decodes the fields of an object.
///
/// The types that most fields have are decoded without a decoder of their own, and an optional one
/// is looked for once, not three times.
final class JSONObject<Field: CodingKey>: JSONPlace, FieldContainer {
  var codingPath: [any CodingKey] { document.path(to: part, in: above) }

  var allKeys: [Field] {
    var names: [String] = []
    let end = document.index.value[part].next
    var name = part + 1
    while name < end {
      names.append(String(document.index.value.name(name)))
      name = document.index.value[name + 1].next
    }
    return names.inByteOrder.compactMap(Field.init(stringValue:))
  }

  override func key(_ name: Bytes) -> (any CodingKey)? { Field(stringValue: String(name)) }

  @inline(__always) private func find(_ key: Field) -> Int? {
    index.value.find(key.stringValue, in: part)
  }

  func child(_ key: Field) throws -> JSONNode {
    guard let value = find(key) else {
      throw DecodingError.keyNotFound(
        key, DecodingError.Context(codingPath: codingPath, debugDescription: "no such field"))
    }
    return JSONNode(document: document, part: value, above: self)
  }

  /// A field that may be missing or null.
  private func optional(_ key: Field) -> JSONNode? {
    guard let value = find(key), !document.isNull(value) else { return nil }
    return JSONNode(document: document, part: value, above: self)
  }

  func contains(_ key: Field) -> Bool { find(key) != nil }
  func decodeNil(forKey key: Field) throws -> Bool { try child(key).decodeNil() }
  func decode(_ type: Bool.Type, forKey key: Field) throws -> Bool { try child(key).decode(type) }
  func decode(_ type: String.Type, forKey key: Field) throws -> String {
    if let value = find(key), let text = document.text(value) { return text }
    return try child(key).decode(type)
  }
  func decode(_ type: Double.Type, forKey key: Field) throws -> Double {
    if let value = find(key), let number = document.double(value) { return number }
    return try child(key).decode(type)
  }
  func decode(_ type: Int.Type, forKey key: Field) throws -> Int {
    if let number = index.value.shortNumber(key.stringValue, in: part) { return number }
    return try child(key).decode(type)
  }
  func decode(_ type: Int64.Type, forKey key: Field) throws -> Int64 {
    try child(key).decode(type)
  }

  func decodeIfPresent(_ type: Bool.Type, forKey key: Field) throws -> Bool? {
    try optional(key)?.decode(type)
  }
  func decodeIfPresent(_ type: String.Type, forKey key: Field) throws -> String? {
    try optional(key)?.decode(type)
  }
  func decodeIfPresent(_ type: Double.Type, forKey key: Field) throws -> Double? {
    try optional(key)?.decode(type)
  }
  func decodeIfPresent(_ type: Int.Type, forKey key: Field) throws -> Int? {
    try optional(key)?.decode(type)
  }
  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Field) throws -> T? {
    try optional(key).map { try T(from: $0) }
  }

  func superDecoder() throws -> any Decoder {
    guard let value = document.index.value.find("super", in: part) else {
      throw DecodingError.valueNotFound(
        Any.self,
        DecodingError.Context(codingPath: codingPath, debugDescription: "no super value"))
    }
    return JSONNode(document: document, part: value, above: self)
  }
}

/// Decodes the elements of a list.
struct JSONList: ElementContainer {
  let document: JSONDocument
  let list: Int
  let above: JSONPlace?
  /// The part of the element that is next.
  var element: Int
  private(set) var currentIndex = 0

  var codingPath: [any CodingKey] { document.path(to: list, in: above) }
  var count: Int? { document.index.value[list].value }
  var isAtEnd: Bool { element >= document.index.value[list].next }

  mutating func next() throws -> JSONNode {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self,
        DecodingError.Context(codingPath: codingPath, debugDescription: "the list has ended"))
    }
    defer { pass() }
    return JSONNode(document: document, part: element, above: above)
  }

  private mutating func pass() {
    element = document.index.value[element].next
    currentIndex += 1
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, document.isNull(element) else { return false }
    pass()
    return true
  }
  mutating func decode(_ type: Bool.Type) throws -> Bool { try next().decode(type) }
  mutating func decode(_ type: String.Type) throws -> String { try next().decode(type) }
  mutating func decode(_ type: Double.Type) throws -> Double { try next().decode(type) }
  mutating func decode(_ type: Int.Type) throws -> Int { try next().decode(type) }
}
