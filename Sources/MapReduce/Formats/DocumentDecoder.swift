// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Decodes one document after the other, straight from the bytes of its line.
///
/// What `Codable` itself costs is the larger part: a container for the line is therefore made once
/// and handed out for each of them.
final class DocumentDecoder: Decoder {
  private let document = JSONDocument()
  private let container = HeapCell(KeptValue())
  private var root: JSONNode { JSONNode(document: document, part: 0, above: nil) }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The value of a line. What is wrong is found once more in a tree, which tells its place.
  func decode<T: Decodable>(_ type: T.Type, from line: Bytes) throws -> T {
    guard document.index.value.read(line) else { return try JSONValue.decode(type, from: line) }
    do {
      return try T(from: self)
    } catch is DecodingError {
      return try JSONValue.decode(type, from: line)
    }
  }

  func container<Field: CodingKey>(
    keyedBy type: Field.Type
  ) throws -> KeyedDecodingContainer<Field> {
    let index = document.index
    guard index.value[0].kind == .object else { return try root.container(keyedBy: type) }
    if container.value.holds(KeyedDecodingContainer<Field>.self) {
      return container.value.value(KeyedDecodingContainer<Field>.self)
    }
    let fields = KeyedDecodingContainer(JSONObject<Field>(document, 0, nil))
    container.value.keep(fields)
    return fields
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try root.unkeyedContainer() }
  func singleValueContainer() -> any SingleValueDecodingContainer { root }
}

/// Decodes a value that stands anywhere in a document.
struct JSONNode: Decoder, SingleContainer {
  let document: JSONDocument
  let part: Int
  let above: JSONPlace?

  var codingPath: [any CodingKey] { document.path(to: part, in: above) }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  private var kind: JSONIndex.Kind { document.index.value[part].kind }

  func container<Field: CodingKey>(
    keyedBy type: Field.Type
  ) throws -> KeyedDecodingContainer<Field> {
    guard kind == .object else { throw mismatch(type, "a record") }
    return KeyedDecodingContainer(JSONObject<Field>(document, part, above))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard kind == .list else { throw mismatch([Any].self, "a list") }
    return JSONList(document: document, list: part, above: above, element: part + 1)
  }

  @inline(never) private func mismatch(_ type: Any.Type, _ wanted: String) -> DecodingError {
    let found = String(document.bytes(part))
    return .typeMismatch(
      type,
      DecodingError.Context(
        codingPath: codingPath, debugDescription: "wanted \(wanted), found \(found)"))
  }

  private func value<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw mismatch(Value.self, "\(Value.self)") }
    return value
  }

  func integer<N: FixedWidthInteger>(_ type: N.Type) throws -> N {
    try value(document.integer(type, part))
  }

  func decodeNil() -> Bool { kind == .null }
  func decode(_ type: Bool.Type) throws -> Bool { try value(document.bool(part)) }
  func decode(_ type: String.Type) throws -> String { try value(document.text(part)) }
  func decode(_ type: Double.Type) throws -> Double { try value(document.double(part)) }
}
