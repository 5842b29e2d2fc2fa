// SPDX-License-Identifier: Apache-2.0

/// A place in a text, and what stands there. A scanner does not know the grammar.
struct TOMLScanner {
  let bytes: [UInt8]
  var place = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // The mark that some editors write before UTF-8.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
  }

  var isAtEnd: Bool { place >= bytes.count }
  /// Zero at the end. A zero byte in a file is refused wherever it stands.
  var next: UInt8 { place < bytes.count ? bytes[place] : 0 }
  var line: Int { bytes[..<min(place, bytes.count)].count { $0 == 0x0A } + 1 }

  func isNext(_ text: StaticString) -> Bool {
    bytes[min(place, bytes.count)...].starts(with: "\(text)".utf8)
  }

  /// Steps over `text`, if it stands here.
  mutating func take(_ text: StaticString) -> Bool {
    guard isNext(text) else { return false }
    place += text.utf8CodeUnitCount
    return true
  }

  /// Steps over bytes as long as they are some.
  mutating func run(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    let begin = place
    while place < bytes.count, isWanted(bytes[place]) { place += 1 }
    return bytes[begin..<place]
  }

  mutating func skipBlanks() { _ = run { $0 == 0x20 || $0 == 0x09 } }

  /// Steps over a line end, if one stands here.
  mutating func takeLineEnd() -> Bool { take("\n") || take("\r\n") }

  /// Steps over a comment, if one stands here, up to the end of its line.
  mutating func skipComment() throws(SettingsFile.Failure) {
    guard next == UInt8(ascii: "#"), !isAtEnd else { return }
    _ = run { !Self.isControl($0) }
    if !isAtEnd, next != 0x0A, !isNext("\r\n") { throw unexpected("a line end") }
  }

  /// Steps over blanks, comments and line ends.
  mutating func skipLines() throws(SettingsFile.Failure) {
    repeat {
      skipBlanks()
      try skipComment()
    } while takeLineEnd()
  }

  /// Characters that stand nowhere as themselves; a tab does.
  static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7F }

  /// What is wrong here.
  func failure(_ message: String) -> SettingsFile.Failure {
    let before = bytes[..<min(place, bytes.count)]
    let begin = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    // A character has one byte that does not go on with another.
    let column = before[begin...].count { $0 & 0xC0 != 0x80 } + 1
    return SettingsFile.Failure(message: message, line: line, column: column)
  }

  func unexpected(_ wanted: String) -> SettingsFile.Failure {
    failure("\(wanted) is expected here, not \(described)")
  }

  private var described: String {
    guard !isAtEnd else { return "the end of the file" }
    if next == 0x0A || next == 0x0D { return "the end of the line" }
    guard !Self.isControl(next) else { return "a control character" }
    let character = String(decoding: bytes[place...].prefix(16), as: UTF8.self).first
    return character.map { "\"\($0)\"" } ?? "this"
  }
}
