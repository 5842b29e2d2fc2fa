// SPDX-License-Identifier: Apache-2.0

/// Reads a document of TOML from top to bottom: sections, keys, and how often each may stand.
struct TOMLDocument {
  var scanner: TOMLScanner
  private(set) var entries: [SettingsFile.Entry] = []
  private var section: [String] = []
  private var keys = TOMLKeys()

  init(_ scanner: TOMLScanner) { self.scanner = scanner }

  mutating func read() throws(SettingsFile.Failure) {
    while true {
      try scanner.skipLines()
      if scanner.isAtEnd { return }
      if scanner.next == UInt8(ascii: "[") { try readSection() } else { try readPair() }
      scanner.skipBlanks()
      try scanner.skipComment()
      guard scanner.isAtEnd || scanner.takeLineEnd() else {
        throw scanner.unexpected("the end of the line")
      }
    }
  }

  private mutating func readSection() throws(SettingsFile.Failure) {
    let begin = scanner
    let isRepeated = scanner.take("[[")
    if !isRepeated { _ = scanner.take("[") }
    scanner.skipBlanks()
    section = try scanner.keyPath()
    guard isRepeated ? scanner.take("]]") : scanner.take("]") else {
      throw scanner.unexpected(isRepeated ? "]]" : "]")
    }
    guard isRepeated ? keys.repeatSection(section) : keys.openSection(section) else {
      throw begin.failure("this name is taken already")
    }
    entries.append(SettingsFile.Entry(path: section, value: nil, line: begin.line))
  }

  private mutating func readPair() throws(SettingsFile.Failure) {
    let begin = scanner
    let path = try scanner.keyPath()
    guard scanner.take("=") else { throw scanner.unexpected("=") }
    scanner.skipBlanks()
    let value = try scanner.value(depth: 0)
    guard keys.set(path, below: section) else { throw begin.failure("this key is taken already") }
    for (inner, written) in value.flat {
      entries.append(
        SettingsFile.Entry(path: section + path + inner, value: written, line: begin.line))
    }
  }
}

/// Which names a document has used, and for what.
struct TOMLKeys {
  private enum Use {
    /// Has a section inside, and none of its own yet.
    case implied
    case section
    /// A list of sections, `[[name]]`.
    case repeated
    /// Made by a key with dots.
    case dotted
    case value
  }

  private var uses: [[String]: Use] = [:]

  /// Whether `[path]` may stand here.
  mutating func openSection(_ path: [String]) -> Bool {
    guard imply(path), uses[path] == nil || uses[path] == .implied else { return false }
    uses[path] = .section
    return true
  }

  /// Whether `[[path]]` may stand here. What is inside begins anew each time.
  mutating func repeatSection(_ path: [String]) -> Bool {
    guard imply(path), uses[path] == nil || uses[path] == .repeated else { return false }
    uses = uses.filter { !$0.key.starts(with: path) }
    uses[path] = .repeated
    return true
  }

  private mutating func imply(_ path: [String]) -> Bool {
    for count in 1..<max(1, path.count) {
      let above = Array(path.prefix(count))
      if uses[above] == .value { return false }
      if uses[above] == nil { uses[above] = .implied }
    }
    return true
  }

  /// Whether a key with a value may stand here.
  mutating func set(_ path: [String], below section: [String]) -> Bool {
    for count in 1..<max(1, path.count) {
      let above = section + path.prefix(count)
      guard uses[above] == nil || uses[above] == .dotted else { return false }
      uses[above] = .dotted
    }
    return uses.updateValue(.value, forKey: section + path) == nil
  }
}
