// SPDX-License-Identifier: Apache-2.0

/// The four ways in which TOML writes text.
extension TOMLScanner {
  /// `"text"`, in which `\` is special.
  mutating func text() throws(SettingsFile.Failure) -> String {
    var text: [UInt8] = []
    _ = take("\"")
    while true {
      text += run { !Self.isControl($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      if take("\"") { return String(decoding: text, as: UTF8.self) }
      guard take("\\") else { throw unexpected("\"") }
      text += try escape()
    }
  }

  /// `'text'`, in which nothing is special.
  mutating func literalText() throws(SettingsFile.Failure) -> String {
    _ = take("'")
    let text = run { !Self.isControl($0) && $0 != UInt8(ascii: "'") }
    guard take("'") else { throw unexpected("'") }
    return String(decoding: text, as: UTF8.self)
  }

  /// `"""text"""`, over many lines.
  mutating func longText() throws(SettingsFile.Failure) -> String {
    var text: [UInt8] = []
    _ = take("\"\"\"")
    _ = takeLineEnd()
    while true {
      text += run { !Self.isControl($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      if isNext("\"\"\"") { return finish(text, UInt8(ascii: "\"")) }
      if take("\"") {
        text.append(UInt8(ascii: "\""))
      } else if take("\\") {
        if !skipFoldedLines() { text += try escape() }
      } else {
        text += try lineEnd(before: "\"\"\"")
      }
    }
  }

  /// `'''text'''`, over many lines.
  mutating func longLiteralText() throws(SettingsFile.Failure) -> String {
    var text: [UInt8] = []
    _ = take("'''")
    _ = takeLineEnd()
    while true {
      text += run { !Self.isControl($0) && $0 != UInt8(ascii: "'") }
      if isNext("'''") { return finish(text, UInt8(ascii: "'")) }
      if take("'") { text.append(UInt8(ascii: "'")) } else { text += try lineEnd(before: "'''") }
    }
  }

  private mutating func lineEnd(before end: String) throws(SettingsFile.Failure) -> [UInt8] {
    let begin = place
    guard takeLineEnd() else { throw unexpected(end) }
    return Array(bytes[begin..<place])
  }

  /// Up to two quotes may stand before the three that end a text.
  private mutating func finish(_ text: [UInt8], _ quote: UInt8) -> String {
    let most = place + 5
    let quotes = run { $0 == quote }
    place = min(place, most)
    let inside = text + [UInt8](repeating: quote, count: min(quotes.count, 5) - 3)
    return String(decoding: inside, as: UTF8.self)
  }

  /// A `\` at the end of a line takes that and all blanks and line ends behind it away.
  private mutating func skipFoldedLines() -> Bool {
    var ahead = self
    ahead.skipBlanks()
    guard ahead.takeLineEnd() else { return false }
    repeat { ahead.skipBlanks() } while ahead.takeLineEnd()
    self = ahead
    return true
  }

  /// What stands behind a `\`.
  private mutating func escape() throws(SettingsFile.Failure) -> [UInt8] {
    let plain: [(StaticString, UInt8)] = [
      ("b", 0x08), ("t", 0x09), ("n", 0x0A), ("f", 0x0C), ("r", 0x0D), ("\"", 0x22), ("\\", 0x5C),
    ]
    for (letter, byte) in plain where take(letter) { return [byte] }
    let count = take("u") ? 4 : take("U") ? 8 : 0
    let digits = bytes[min(place, bytes.count)...].prefix(count)
    guard count > 0, digits.count == count, digits.allSatisfy(Self.isHexadecimal),
      let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(code)
    else { throw failure("there is no such character behind \\") }
    place += count
    return Array(String(Character(scalar)).utf8)
  }

  static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
  }
}
