// SPDX-License-Identifier: Apache-2.0
import Memory

/// Decodes a `Decodable` type from a row: by the names of its columns, or, where they have none, by
/// their order.
struct RowDecoder: Decoder {
  let view: RowView
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  /// The value of the only row in view. An error names the column and what it holds.
  static func decode<T: Decodable>(_ type: T.Type, from view: RowView) throws -> T {
    view.positions.value.beginRow()
    do {
      return try T(from: RowDecoder(view: view))
    } catch let error as DecodingError {
      throw JobError(.badInput, "\(type) cannot be made of this row: \(error.reason)")
    }
  }

  func container<Field: CodingKey>(keyedBy type: Field.Type) -> KeyedDecodingContainer<Field> {
    // To make a container for each row would be half of the work.
    if view.container.value.holds(KeyedDecodingContainer<Field>.self) {
      return view.container.value.value(KeyedDecodingContainer<Field>.self)
    }
    let fields = KeyedDecodingContainer(RowFields<Field>(view: view))
    view.container.value.keep(fields)
    return fields
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Self.noFields }
  func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Self.noFields }

  private static var noFields: JobError {
    JobError(
      .usage, "a row is decoded by the names of its fields",
      advice: "read it as a struct with a property for each column that is wanted")
  }
}

extension DecodingError {
  /// What it says, in a line.
  var reason: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}

/// Numbers the fields of a row in the order in which they are first asked for.
struct FieldPositions {
  private var asked: [String] = []
  private var last = 0

  mutating func beginRow() {
    asked.removeAll(keepingCapacity: true)
    last = 0
  }

  mutating func place(of name: String) -> Int {
    // A field that may be missing is asked for three times in a row.
    if last < asked.count, asked[last] == name { return last }
    last = asked.firstIndex(of: name) ?? asked.count
    if last == asked.count { asked.append(name) }
    return last
  }
}

/// The fields of a row by their coding keys.
private struct RowFields<Field: CodingKey>: FieldContainer {
  let view: RowView
  var codingPath: [any CodingKey] { [] }
  var allKeys: [Field] { view.head.names.compactMap(Field.init(stringValue:)) }

  private func column(_ key: Field) throws -> Int {
    let name = key.stringValue
    return view.head.format.hasHeader
      ? try view.column(name) : view.positions.value.place(of: name)
  }

  func child(_ key: Field) throws -> FieldDecoder {
    let column = try column(key)
    return FieldDecoder(text: try view.field(column), column: column, head: view.head)
  }

  /// The value of a field that may be empty or have no column, which is looked for once.
  private func optional(_ key: Field) throws -> FieldDecoder? {
    let name = key.stringValue
    let column: Int?
    if view.head.format.hasHeader {
      column = try view.optionalColumn(name)
    } else {
      let place = view.positions.value.place(of: name)
      column = place < view.head.width ? place : nil
    }
    guard let column else { return nil }
    let field = FieldDecoder(text: try view.field(column), column: column, head: view.head)
    return field.decodeNil() ? nil : field
  }

  /// An optional field may have no column.
  func contains(_ key: Field) -> Bool {
    guard view.head.format.hasHeader else {
      return view.positions.value.place(of: key.stringValue) < view.head.width
    }
    return view.head.names.contains(key.stringValue)
  }

  func decodeNil(forKey key: Field) throws -> Bool { try child(key).decodeNil() }
  func decode(_ type: Bool.Type, forKey key: Field) throws -> Bool { try child(key).decode(type) }
  func decode(_ type: String.Type, forKey key: Field) throws -> String {
    try child(key).decode(type)
  }
  func decode(_ type: Double.Type, forKey key: Field) throws -> Double {
    try child(key).decode(type)
  }
  func decode(_ type: Int.Type, forKey key: Field) throws -> Int {
    let column = try column(key)
    let text = try view.field(column)
    if let number = text.shortNumber { return number }
    return try FieldDecoder(text: text, column: column, head: view.head).decode(type)
  }
  func decode(_ type: UInt.Type, forKey key: Field) throws -> UInt { try child(key).decode(type) }

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

  func superDecoder() -> any Decoder { RowDecoder(view: view) }
}

/// Decodes the value of one field.
private struct FieldDecoder: Decoder, SingleContainer {
  let text: Bytes
  let column: Int
  let head: TableHead
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Field: CodingKey>(keyedBy type: Field.Type) throws -> KeyedDecodingContainer<Field>
  { throw isNoValue }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw isNoValue }

  private var isNoValue: JobError {
    JobError(.usage, "\(head.name(of: column)) holds one value, not several")
  }

  func integer<N: FixedWidthInteger>(_ type: N.Type) throws -> N {
    guard let number = N(text) else { throw head.mistyped(column, text, type) }
    return number
  }

  func decodeNil() -> Bool { text.isEmpty }
  func decode(_ type: Bool.Type) throws -> Bool {
    switch String(text).lowercased() {
    case "true", "1": return true
    case "false", "0": return false
    default: throw head.mistyped(column, text, type)
    }
  }
  func decode(_ type: String.Type) -> String { String(text) }
  func decode(_ type: Double.Type) throws -> Double {
    guard let number = Double(text) else { throw head.mistyped(column, text, type) }
    return number
  }
}
