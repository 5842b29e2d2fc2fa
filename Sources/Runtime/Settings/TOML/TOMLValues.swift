// SPDX-License-Identifier: Apache-2.0

/// A value of TOML.
enum TOMLValue {
  case written(WrittenValue)
  /// What is inside, by its path from here.
  case table([([String], WrittenValue?)])

  /// All that is inside of a table, or the value.
  var flat: [([String], WrittenValue?)] {
    switch self {
    case .written(let value): [([], value)]
    case .table(let inside): inside.isEmpty ? [([], nil)] : inside
    }
  }
}

extension TOMLScanner {
  /// More would be no settings, and each takes a piece of the stack.
  private static let depthMaximum = 32

  /// Keys with dots between them, and the blanks around.
  mutating func keyPath() throws(SettingsFile.Failure) -> [String] {
    var path: [String] = []
    repeat {
      skipBlanks()
      path.append(try key())
      skipBlanks()
    } while take(".")
    return path
  }

  private mutating func key() throws(SettingsFile.Failure) -> String {
    if next == UInt8(ascii: "\""), !isAtEnd { return try text() }
    if next == UInt8(ascii: "'"), !isAtEnd { return try literalText() }
    let word = run { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == 0x2D
        || byte == 0x5F
    }
    guard !word.isEmpty else { throw unexpected("a key") }
    return String(decoding: word, as: UTF8.self)
  }

  mutating func value(depth: Int) throws(SettingsFile.Failure) -> TOMLValue {
    guard depth < Self.depthMaximum else { throw failure("too many lists inside of lists") }
    switch isAtEnd ? 0 : next {
    case UInt8(ascii: "\""):
      return .written(.text(isNext("\"\"\"") ? try longText() : try text()))
    case UInt8(ascii: "'"):
      return .written(.text(isNext("'''") ? try longLiteralText() : try literalText()))
    case UInt8(ascii: "["): return .written(.list(try list(depth: depth)))
    case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth))
    default: return .written(try scalar())
    }
  }

  private mutating func list(depth: Int) throws(SettingsFile.Failure) -> [WrittenValue] {
    var elements: [WrittenValue] = []
    _ = take("[")
    while true {
      try skipLines()
      if take("]") { return elements }
      switch try value(depth: depth + 1) {
      case .written(let value): elements.append(value)
      case .table: elements.append(.other("table"))
      }
      try skipLines()
      if take("]") { return elements }
      guard take(",") else { throw unexpected(", or ]") }
    }
  }

  private mutating func inlineTable(
    depth: Int
  ) throws(SettingsFile.Failure) -> [([String], WrittenValue?)] {
    var inside: [([String], WrittenValue?)] = []
    var keys = TOMLKeys()
    _ = take("{")
    skipBlanks()
    if take("}") { return [] }
    while true {
      skipBlanks()
      let begin = self
      let path = try keyPath()
      guard take("=") else { throw unexpected("=") }
      skipBlanks()
      let value = try value(depth: depth + 1)
      guard keys.set(path, below: []) else { throw begin.failure("this key is taken already") }
      inside += value.flat.map { (path + $0.0, $0.1) }
      skipBlanks()
      if take("}") { return inside }
      guard take(",") else { throw unexpected(", or }") }
    }
  }
}
