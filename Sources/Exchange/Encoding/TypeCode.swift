// SPDX-License-Identifier: Apache-2.0

/// What the bytes of a key or a value mean: enough to show them without the job's own types.
///
/// Written as text in plans and result files: `bytes`, `int64`, `[string]`, `(string,uint8)`.
public indirect enum TypeCode: Hashable, Sendable, CustomStringConvertible {
  /// Raw bytes, most often text.
  case bytes
  /// UTF-8 text.
  case string
  /// True or false.
  case bool
  /// An integer of `bits` bits.
  case integer(bits: Int, isSigned: Bool)
  /// A 32-bit IEEE 754 number.
  case float
  /// A 64-bit IEEE 754 number.
  case double
  /// Several values side by side.
  case tuple([TypeCode])
  /// Any number of values of one type.
  case array(TypeCode)
  /// A value, or none.
  case optional(TypeCode)
  /// A tree of tagged values: what a `Codable` type encodes to.
  case tagged
  /// Nothing at all: the value of a record that is only a key.
  case nothing

  /// The code as it is written in files.
  public var description: String {
    switch self {
    case .bytes: "bytes"
    case .string: "string"
    case .bool: "bool"
    case .integer(let bits, let isSigned): "\(isSigned ? "int" : "uint")\(bits)"
    case .float: "float"
    case .double: "double"
    case .tuple(let parts): "(" + parts.map(\.description).joined(separator: ",") + ")"
    case .array(let element): "[\(element)]"
    case .optional(let wrapped): "\(wrapped)?"
    case .tagged: "tagged"
    case .nothing: "nothing"
    }
  }

  /// Reads what `description` writes; nil where the text is no code.
  package init?(_ text: String) {
    var parser = Parser(rest: text.utf8[...])
    guard let code = parser.code(), parser.rest.isEmpty else { return nil }
    self = code
  }

  private struct Parser {
    var rest: Substring.UTF8View

    mutating func take(_ character: Character) -> Bool {
      guard rest.first == character.asciiValue else { return false }
      rest.removeFirst()
      return true
    }

    mutating func code() -> TypeCode? {
      guard var code = plain() else { return nil }
      while take("?") { code = .optional(code) }
      return code
    }

    mutating func plain() -> TypeCode? {
      if take("[") {
        guard let element = code(), take("]") else { return nil }
        return .array(element)
      }
      if take("(") {
        var parts: [TypeCode] = []
        if take(")") { return .tuple([]) }
        repeat {
          guard let part = code() else { return nil }
          parts.append(part)
        } while take(",")
        return take(")") ? .tuple(parts) : nil
      }
      let end =
        rest.firstIndex { !(($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)) }
        ?? rest.endIndex
      let name = String(Substring(rest[..<end]))
      rest = rest[end...]
      return TypeCode.named[name]
    }
  }

  private static let named: [String: TypeCode] = {
    var codes: [String: TypeCode] = [
      "bytes": .bytes, "string": .string, "bool": .bool, "float": .float, "double": .double,
      "tagged": .tagged, "nothing": .nothing,
    ]
    for bits in [8, 16, 32, 64, 128] {
      codes["int\(bits)"] = .integer(bits: bits, isSigned: true)
      codes["uint\(bits)"] = .integer(bits: bits, isSigned: false)
    }
    return codes
  }()
}
