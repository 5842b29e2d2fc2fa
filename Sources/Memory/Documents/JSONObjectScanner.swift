// SPDX-License-Identifier: Apache-2.0

/// Why a line is no JSON object.
package struct JSONProblem: Error, Hashable, Sendable {
  package let what: String
  /// Bytes before the place.
  package let offset: Int
}

/// Finds the fields of one JSON object after the other, in place and no further than they are asked
/// for. Values inside of values are passed over, not looked at. O(bytes).
package struct JSONObjectScanner: ~Copyable {
  private var scanner = JSONScanner(Bytes(""))
  /// The names and the values of the fields that have been found, in turn.
  private var parts = FieldList()
  private var isAtEnd = false
  /// Whether a name has a backslash.
  private var hasEscapedNames = false

  package init() {}

  package var line: Bytes { scanner.line }

  /// The name of a field, between its quotes.
  package func name(_ field: Int) -> Bytes { parts[2 &* field] }
  package func value(_ field: Int) -> Bytes { parts[2 &* field &+ 1] }

  /// Goes on to another line.
  package mutating func begin(_ line: Bytes) throws(JSONProblem) {
    scanner = JSONScanner(line)
    parts.removeAll()
    isAtEnd = false
    hasEscapedNames = false
    scanner.skipSpace()
    guard scanner.take(UInt8(ascii: "{")) else { throw wrong("it does not begin with {") }
    scanner.skipSpace()
    if scanner.take(UInt8(ascii: "}")) { try finish() }
  }

  /// The first field from `start` on that has this name, or one with an escape; nil where there is
  /// none.
  package mutating func find(_ name: Bytes, from start: Int) throws(JSONProblem) -> Int? {
    var field = start
    while 2 &* field < parts.count {
      if isCandidate(field, name) { return field }
      field &+= 1
    }
    while !isAtEnd {
      try findNext()
      if isCandidate(field, name) { return field }
      field &+= 1
    }
    return nil
  }

  /// The whole number in a field, where it takes no more than that to know it; nil for all others.
  package mutating func shortNumber(_ name: Bytes) throws(JSONProblem) -> Int? {
    guard !hasEscapedNames, let field = try find(name, from: 0), !hasEscapedNames else {
      return nil
    }
    return value(field).shortNumber
  }

  @inline(__always) private func isCandidate(_ field: Int, _ name: Bytes) -> Bool {
    let known = self.name(field)
    if known == name { return true }
    return hasEscapedNames && known.firstIndex(of: UInt8(ascii: "\\")) != nil
  }

  /// Takes the next field, with the comma or brace behind it.
  private mutating func findNext() throws(JSONProblem) {
    scanner.skipSpace()
    let nameStart = scanner.place
    guard scanner.next == UInt8(ascii: "\"") else { throw wrong("a name in quotes is missing") }
    guard let hasEscapes = scanner.passText() else { throw wrong("it ends inside of a text") }
    if hasEscapes { hasEscapedNames = true }
    let nameEnd = scanner.place
    scanner.skipSpace()
    guard scanner.take(UInt8(ascii: ":")) else { throw wrong("a colon is missing") }
    scanner.skipSpace()
    let start = scanner.place
    try passValue()
    parts.append(line[(nameStart &+ 1)..<(nameEnd &- 1)])
    parts.append(line[start..<scanner.place])
    scanner.skipSpace()
    if scanner.take(UInt8(ascii: ",")) { return }
    guard scanner.take(UInt8(ascii: "}")) else { throw wrong("a comma or } is missing") }
    try finish()
  }

  private mutating func passValue() throws(JSONProblem) {
    switch scanner.next {
    case UInt8(ascii: "\""):
      guard scanner.passText() != nil else { throw wrong("it ends inside of a text") }
    case UInt8(ascii: "{"), UInt8(ascii: "["): try passNested()
    default:
      let start = scanner.place
      scanner.passWord()
      guard scanner.place > start else { throw wrong("a value is missing") }
    }
  }

  private mutating func passNested() throws(JSONProblem) {
    guard scanner.passNested() == nil else { return }
    throw wrong(scanner.isAtEnd ? "it ends inside of a value" : "it ends inside of a text")
  }

  private mutating func finish() throws(JSONProblem) {
    isAtEnd = true
    scanner.skipSpace()
    guard scanner.isAtEnd else { throw wrong("something stands behind the object") }
  }

  @inline(never) private func wrong(_ what: String) -> JSONProblem {
    JSONProblem(what: what, offset: scanner.place)
  }
}
