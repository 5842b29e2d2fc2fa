// SPDX-License-Identifier: Apache-2.0

/// Reads Swift as far as the rules need it.
enum SwiftText {
  /// The text with blanks for comments and for the contents of string literals; lines stay lines.
  static func codeOnly(_ text: String) -> String {
    var scanner = Scanner(rest: Array(text.utf8)[...])
    scanner.scan()
    return String(decoding: scanner.code, as: UTF8.self)
  }

  /// The words and signs of a line of code; a word keeps the dot or `@` before it as a token of
  /// its own.
  static func tokens(_ line: Substring) -> [Substring] {
    var tokens: [Substring] = []
    var rest = line
    while let first = rest.first {
      if isWord(first) {
        let word = rest.prefix(while: isWord)
        tokens.append(word)
        rest = rest[word.endIndex...]
      } else {
        if !first.isWhitespace { tokens.append(rest.prefix(1)) }
        rest.removeFirst()
      }
    }
    return tokens
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

  private struct Scanner {
    var rest: ArraySlice<UInt8>
    var code: [UInt8] = []

    private func isAhead(_ text: StaticString) -> Bool {
      rest.starts(with: "\(text)".utf8)
    }

    /// Copies code.
    private mutating func keep(_ count: Int = 1) {
      code += rest.prefix(count)
      rest = rest.dropFirst(count)
    }

    /// Leaves a blank for what is no code, and line ends as they are.
    private mutating func blank(_ count: Int = 1) {
      for byte in rest.prefix(count) { code.append(byte == 0x0A ? byte : 0x20) }
      rest = rest.dropFirst(count)
    }

    mutating func scan() {
      while let byte = rest.first {
        if isAhead("//") {
          while let next = rest.first, next != 0x0A { blank() }
        } else if isAhead("/*") {
          blockComment()
        } else if byte == 0x22 || byte == 0x23 {
          string()
        } else {
          keep()
        }
      }
    }

    private mutating func blockComment() {
      var depth = 0
      repeat {
        if isAhead("/*") {
          depth += 1
          blank(2)
        } else if isAhead("*/") {
          depth -= 1
          blank(2)
        } else {
          blank()
        }
      } while depth > 0 && !rest.isEmpty
    }

    /// A literal with any number of `#`; anything else that begins with `#` is code.
    private mutating func string() {
      let hashes = rest.prefix { $0 == 0x23 }.count
      let body = rest.dropFirst(hashes)
      guard body.first == 0x22 else { return keep(max(1, hashes)) }
      let quotes = body.starts(with: [0x22, 0x22, 0x22]) ? 3 : 1
      let fence = [UInt8](repeating: 0x23, count: hashes)
      let end = [UInt8](repeating: 0x22, count: quotes) + fence
      let escape = [0x5C] + fence
      keep(hashes + quotes)
      while !rest.isEmpty, !rest.starts(with: end) {
        if rest.starts(with: escape) {
          blank(escape.count)
          if rest.first == 0x28 { interpolation() } else { blank() }
        } else {
          blank()
        }
      }
      keep(end.count)
    }

    /// Code inside of a literal, which may hold literals again.
    private mutating func interpolation() {
      var depth = 0
      repeat {
        switch rest.first {
        case 0x28: depth += 1
        case 0x29: depth -= 1
        default: break
        }
        if rest.first == 0x22 || rest.first == 0x23 { string() } else { keep() }
      } while depth > 0 && !rest.isEmpty
    }
  }
}
