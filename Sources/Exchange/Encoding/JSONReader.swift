// SPDX-License-Identifier: Apache-2.0
import Memory

/// Reads one JSON document (RFC 8259) that strangers wrote. What is wrong is told with its place.
///
/// Strict: no comments, no bare words, no name twice in an object. Whole numbers that fit stay
/// whole.
package struct JSONReader {
  package struct Wrong: Error, Hashable, CustomStringConvertible {
    /// Bytes before the place.
    package let offset: Int
    package let what: String
    package var description: String { "\(what) at byte \(offset)" }
  }

  /// How deep arrays and objects may lie in each other.
  private static let depthMaximum = 32

  private let bytes: [UInt8]
  private var place = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The document that `bytes` are. O(bytes).
  package static func read(_ bytes: [UInt8]) throws(Wrong) -> JSON {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Wrong(offset: 0, what: "the document is not UTF-8")
    }
    var reader = JSONReader(Array(text.utf8))
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.next == nil else { throw reader.wrong("something stands behind the document") }
    return value
  }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private func wrong(_ what: String) -> Wrong { Wrong(offset: place, what: what) }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      place += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place += 1
    return true
  }

  private mutating func value(depth: Int) throws(Wrong) -> JSON {
    guard depth <= Self.depthMaximum else { throw wrong("values lie too deep in each other") }
    skipSpace()
    switch next {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case nil: throw wrong("the document ends too early")
    default: return try number()
    }
  }

  private mutating func word(_ word: String, _ value: JSON) throws(Wrong) -> JSON {
    guard bytes[place...].starts(with: word.utf8) else { throw wrong("this is no value") }
    place += word.utf8.count
    return value
  }

  private mutating func object(_ depth: Int) throws(Wrong) -> JSON {
    place += 1
    var fields: [(String, JSON)] = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw wrong("a name in quotes is missing") }
      let name = try string()
      guard !fields.contains(where: { $0.0 == name }) else {
        throw wrong("the name \"\(name)\" comes twice")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw wrong("a colon is missing") }
      fields.append((name, try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(fields) }
      guard take(UInt8(ascii: ",")) else { throw wrong("a comma or } is missing") }
    }
  }

  private mutating func array(_ depth: Int) throws(Wrong) -> JSON {
    place += 1
    var elements: [JSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw wrong("a comma or ] is missing") }
    }
  }

  private mutating func digits() -> Bool {
    let start = place
    while let byte = next, (0x30...0x39).contains(byte) { place += 1 }
    return place > start
  }

  private mutating func number() throws(Wrong) -> JSON {
    let start = place
    _ = take(UInt8(ascii: "-"))
    let hasZero = next == UInt8(ascii: "0")
    let first = place
    guard digits(), !hasZero || place == first + 1 else { throw wrong("this is no value") }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      guard digits() else { throw wrong("a digit is missing") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      place += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard digits() else { throw wrong("a digit is missing") }
    }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    if isWhole, let number = Int(text) { return .integer(number) }
    if isWhole, let number = UInt64(text) { return .natural(number) }
    guard let number = Double(text), number.isFinite else {
      throw Wrong(offset: start, what: "the number is too large")
    }
    return .number(number)
  }

  private mutating func string() throws(Wrong) -> String {
    place += 1
    var text: [UInt8] = []
    while let byte = next {
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw Wrong(offset: place - 1, what: "a control character stands in a text")
      default: text.append(byte)
      }
    }
    throw wrong("the document ends in a text")
  }

  private mutating func escape(into text: inout [UInt8]) throws(Wrong) {
    guard let byte = next else { throw wrong("the document ends in a text") }
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text += String(Character(try scalar())).utf8
    default: throw Wrong(offset: place - 1, what: "there is no such escape")
    }
  }

  /// What stands behind `\u`; two of them where it takes a pair of surrogates.
  private mutating func scalar() throws(Wrong) -> Unicode.Scalar {
    let start = place
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if (0xD800..<0xDC00).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let second = try unit()
      if (0xDC00..<0xE000).contains(second) {
        let sum = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
        if let scalar = Unicode.Scalar(sum) { return scalar }
      }
    }
    throw Wrong(offset: start, what: "half of a pair of surrogates stands alone")
  }

  private mutating func unit() throws(Wrong) -> UInt32 {
    guard place + 4 <= bytes.count else { throw wrong("four digits are missing") }
    let digits = bytes[place..<place + 4]
    let isHex = digits.allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
    }
    guard isHex, let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16) else {
      throw wrong("four digits are missing")
    }
    place += 4
    return unit
  }
}

extension JSON {
  /// The value of a name; nil where this is no object, or has none.
  package subscript(_ name: String) -> JSON? {
    guard case .object(let fields) = self else { return nil }
    return fields.first { $0.0 == name }?.1
  }

  /// The document over several lines: what is short stands on one, and what is not has its parts
  /// two spaces deeper.
  package var lines: String {
    var text = ""
    write(to: &text, indent: 0)
    return text + "\n"
  }

  private static let shortBytes = 88

  private func write(to text: inout String, indent: Int) {
    let short = line
    if short.utf8.count + indent <= Self.shortBytes { return text += short }
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .object(let fields) where !fields.isEmpty:
      text += "{\n"
      for (index, field) in fields.enumerated() {
        text += "\(inner)\(JSON.text(field.0).line): "
        field.1.write(to: &text, indent: indent + 2)
        text += index + 1 < fields.count ? ",\n" : "\n"
      }
      text += "\(outer)}"
    case .array(let elements) where !elements.isEmpty:
      text += "[\n"
      for (index, element) in elements.enumerated() {
        text += inner
        element.write(to: &text, indent: indent + 2)
        text += index + 1 < elements.count ? ",\n" : "\n"
      }
      text += "\(outer)]"
    default: text += short
    }
  }
}
