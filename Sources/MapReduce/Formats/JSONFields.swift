// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Finds the fields of one JSON object after the other, in place and no further than they are asked
/// for. Values inside of values are passed over, not looked at.
struct JSONFields: ~Copyable {
  /// A field as it stands in the line.
  private struct Field {
    /// Between its quotes.
    let name: Bytes
    let value: Bytes
    /// The text of a value that has escapes, once it was asked for.
    var text: Bytes?
  }

  private(set) var line = Bytes("")
  private var fields: [Field] = []
  /// Where the next field is looked for.
  private var place = 0
  private var isAtEnd = false
  /// Texts without their escapes, which are no longer than the line.
  private var scratch = ByteBuffer()

  /// Goes on to another line.
  mutating func begin(_ line: Bytes) throws {
    self.line = line
    fields.removeAll(keepingCapacity: true)
    scratch.removeAll()
    place = 0
    isAtEnd = false
    skipSpace()
    guard take(UInt8(ascii: "{")) else { throw wrong("it does not begin with {") }
    skipSpace()
    if take(UInt8(ascii: "}")) { try finish() }
  }

  /// The value of a field as it stands in the line, and where it is kept; nil where there is none.
  mutating func find(_ name: String) throws -> (place: Int, value: Bytes)? {
    var name = name
    return try name.withUTF8Bytes { wanted in
      for index in fields.indices where try isNamed(fields[index].name, wanted) {
        return (index, fields[index].value)
      }
      while !isAtEnd {
        try findNext()
        let last = fields.count - 1
        if try isNamed(fields[last].name, wanted) { return (last, fields[last].value) }
      }
      return nil
    }
  }

  /// The text of a field whose value stands in quotes.
  mutating func text(_ place: Int) throws -> Bytes {
    let value = fields[place].value
    let inner = value[1..<(value.count - 1)]
    guard inner.firstIndex(of: UInt8(ascii: "\\")) != nil else { return inner }
    if let text = fields[place].text { return text }
    // Views into it stay where they are: each text is made once.
    scratch.reserve(line.count - scratch.count)
    let start = scratch.count
    scratch.append(try unescaped(value))
    let text = scratch.bytes[start..<scratch.count]
    fields[place].text = text
    return text
  }

  private func isNamed(_ name: Bytes, _ wanted: Bytes) throws -> Bool {
    if name.count == wanted.count { return name == wanted }
    guard name.count > wanted.count, name.firstIndex(of: UInt8(ascii: "\\")) != nil else {
      return false
    }
    var text = try unescaped(Array("\"".utf8) + Array(name) + Array("\"".utf8))
    return text.withUTF8Bytes { $0 == wanted }
  }

  private func unescaped(_ quoted: Bytes) throws -> String { try unescaped(Array(quoted)) }

  private func unescaped(_ quoted: [UInt8]) throws -> String {
    do throws(JSONReader.Wrong) {
      guard case .text(let text) = try JSONReader.read(quoted) else {
        preconditionFailure("what stands in quotes is a text")
      }
      return text
    } catch {
      throw JobError(.badInput, "a text of this line is no JSON: \(error.what)")
    }
  }
}

extension JSONFields {
  /// Takes the next field, with the comma or brace behind it.
  private mutating func findNext() throws {
    skipSpace()
    guard next == UInt8(ascii: "\"") else { throw wrong("a name in quotes is missing") }
    let name = try takeString()
    skipSpace()
    guard take(UInt8(ascii: ":")) else { throw wrong("a colon is missing") }
    skipSpace()
    let start = place
    try skipValue()
    fields.append(Field(name: name[1..<(name.count - 1)], value: line[start..<place]))
    skipSpace()
    if take(UInt8(ascii: ",")) { return }
    guard take(UInt8(ascii: "}")) else { throw wrong("a comma or } is missing") }
    try finish()
  }

  private mutating func finish() throws {
    isAtEnd = true
    skipSpace()
    guard next == nil else { throw wrong("something stands behind the object") }
  }

  private mutating func skipValue() throws {
    switch next {
    case UInt8(ascii: "\""): _ = try takeString()
    case UInt8(ascii: "{"), UInt8(ascii: "["): try skipNested()
    default:
      let start = place
      while let byte = next, !Self.endsWord(byte) { place += 1 }
      guard place > start else { throw wrong("a value is missing") }
    }
  }

  /// Passes an object or a list with all that is in it.
  private mutating func skipNested() throws {
    var depth = 0
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        _ = try takeString()
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      place += 1
      if depth == 0 { return }
    }
    throw wrong("it ends inside of a value")
  }

  /// Takes a text with its quotes: it ends with the first quote behind an even number of
  /// backslashes.
  private mutating func takeString() throws -> Bytes {
    let start = place
    var from = start + 1
    while let quote = line.firstIndex(of: UInt8(ascii: "\""), from: from) {
      var before = quote
      while line[before - 1] == UInt8(ascii: "\\") { before -= 1 }
      from = quote + 1
      guard (quote - before) % 2 == 0 else { continue }
      place = from
      return line[start..<from]
    }
    throw wrong("it ends inside of a text")
  }

  private var next: UInt8? { place < line.count ? line[place] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = next, Self.isSpace(byte) { place += 1 }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }

  private static func endsWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || isSpace(byte)
  }

  private func wrong(_ what: String) -> JobError {
    JobError(.badInput, "this line is no JSON object: \(what) (byte \(place + 1))")
  }
}
