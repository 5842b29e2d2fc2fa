// SPDX-License-Identifier: Apache-2.0
public import Memory

/// A line with a JSON object, whose fields are found in place: no tree is built, and nothing is
/// copied but texts with escapes.
///
/// Like the views that it gives, it is valid inside of the closure that it was handed to. The line
/// is read from its beginning up to the field that is asked for; what stands behind it is not
/// looked at, and what lies inside of other values is passed over. Of fields with one name the
/// first counts.
///
/// A field that is missing or `null` is an error that names it, and nil in the `optional` forms.
public struct JSONLine {
  let fields: HeapCell<JSONFields>

  /// The line as it stands in the file.
  public var bytes: Bytes { fields.value.line }

  /// A value as it stands in the line: of any type, a text with quotes and escapes.
  public func json(_ name: String) throws -> Bytes { try found(name, Any.self).value }

  /// The text of a field, in place where it has no escapes.
  public func bytes(_ name: String) throws -> Bytes { try text(name, try found(name, Bytes.self)) }

  /// The text of a field.
  public func string(_ name: String) throws -> String {
    String(try text(name, try found(name, String.self)))
  }

  /// The whole number in a field.
  public func int(_ name: String) throws -> Int {
    if let number = try fields.value.shortNumber(name) { return number }
    return try int(name, try found(name, Int.self))
  }

  /// The number in a field.
  public func double(_ name: String) throws -> Double {
    try double(name, try found(name, Double.self))
  }

  /// The truth value in a field.
  public func bool(_ name: String) throws -> Bool { try bool(name, try found(name, Bool.self)) }
}

extension JSONLine {
  /// A value as it stands in the line; nil where it is missing or `null`.
  public func optionalJSON(_ name: String) throws -> Bytes? { try find(name)?.value }

  /// The text of a field, in place where it has no escapes; nil where it is missing or `null`.
  public func optionalBytes(_ name: String) throws -> Bytes? {
    try find(name).map { try text(name, $0) }
  }

  /// The text of a field; nil where it is missing or `null`.
  public func optionalString(_ name: String) throws -> String? {
    try find(name).map { String(try text(name, $0)) }
  }

  /// The whole number in a field; nil where it is missing or `null`.
  public func optionalInt(_ name: String) throws -> Int? {
    try find(name).map { try int(name, $0) }
  }

  /// The number in a field; nil where it is missing or `null`.
  public func optionalDouble(_ name: String) throws -> Double? {
    try find(name).map { try double(name, $0) }
  }

  /// The truth value in a field; nil where it is missing or `null`.
  public func optionalBool(_ name: String) throws -> Bool? {
    try find(name).map { try bool(name, $0) }
  }
}

extension JSONLine {
  private typealias Found = (place: Int, value: Bytes)

  private func find(_ name: String) throws -> Found? {
    guard let found = try fields.value.find(name), found.value != Bytes("null") else { return nil }
    return found
  }

  private func found(_ name: String, _ type: Any.Type) throws -> Found {
    guard let found = try fields.value.find(name) else {
      throw JobError(.badInput, "there is no field named \(name)")
    }
    if found.value == Bytes("null") { throw mistyped(name, found, type) }
    return found
  }

  private func mistyped(_ name: String, _ found: Found, _ type: Any.Type) -> JobError {
    let wanted = type == Any.self ? "value" : type == Bytes.self ? "text" : "\(type)"
    return JobError(.badInput, "\(name) holds \(found.value.shown), which is no \(wanted)")
  }

  private func text(_ name: String, _ found: Found) throws -> Bytes {
    guard found.value[0] == UInt8(ascii: "\"") else { throw mistyped(name, found, String.self) }
    return try fields.value.text(found.place)
  }

  private func int(_ name: String, _ found: Found) throws -> Int {
    if let number = found.value.shortNumber { return number }
    guard found.value.isJSONNumber else { throw mistyped(name, found, Int.self) }
    if let number = Int(found.value) { return number }
    // 1e3 and 1.0 are whole numbers, too.
    guard let number = Double(found.value).flatMap(Int.init(exactly:)) else {
      throw mistyped(name, found, Int.self)
    }
    return number
  }

  private func double(_ name: String, _ found: Found) throws -> Double {
    guard found.value.isJSONNumber, let number = Double(found.value), number.isFinite else {
      throw mistyped(name, found, Double.self)
    }
    return number
  }

  private func bool(_ name: String, _ found: Found) throws -> Bool {
    if found.value == Bytes("true") { return true }
    if found.value == Bytes("false") { return false }
    throw mistyped(name, found, Bool.self)
  }
}

extension Bytes {
  /// Whether the bytes can be a number of JSON: others that Swift reads, as `0x10` and `inf`, are
  /// none.
  fileprivate var isJSONNumber: Bool {
    guard count > 0, self[0] != UInt8(ascii: "+") else { return false }
    return allSatisfy { byte in
      (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") || byte == UInt8(ascii: "+")
    }
  }

  /// Whether there is nothing but white space.
  var isBlank: Bool { isEmpty || self[0] <= 0x20 && trimmed.isEmpty }
}
