// SPDX-License-Identifier: Apache-2.0

/// Rules about lengths and beginnings.
enum SizeRules {
  static let fileLines = 500
  static let functionLines = 70
  static let columns = 100

  static func longFile(_ file: SourceFile) -> [Violation] {
    let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
    guard count > fileLines else { return [] }
    return [file.violation(fileLines, "a file of \(count) lines; \(fileLines) are allowed")]
  }

  static func longLines(_ file: SourceFile) -> [Violation] {
    file.lines.enumerated().compactMap { number, line in
      line.count > columns
        ? file.violation(number, "\(line.count) columns; \(columns) are allowed") : nil
    }
  }

  /// Functions by their braces: from the line of `func`, `init`, `deinit` or `subscript` to the
  /// brace that ends the body.
  static func longFunctions(_ file: SourceFile) -> [Violation] {
    var found: [Violation] = []
    // Functions that are open: where they began, and the depth outside of their body.
    var open: [(line: Int, depth: Int)] = []
    var pending: (line: Int, parentheses: Int)?
    var depth = 0
    var parentheses = 0
    for (number, line) in file.code.enumerated() {
      let tokens = SwiftText.tokens(line)
      for (index, token) in tokens.enumerated() {
        let previous = index > 0 ? tokens[index - 1] : ""
        switch token {
        case "func", "init", "deinit", "subscript":
          if previous != ".", previous != "#" { pending = (number, parentheses) }
        case "(": parentheses += 1
        case ")": parentheses -= 1
        case "{":
          // A brace inside of the parameters is a closure's.
          if let begun = pending, begun.parentheses == parentheses {
            open.append((begun.line, depth))
            pending = nil
          }
          depth += 1
        case "}":
          depth -= 1
          // The end of a type's body ends a requirement without one, too; the end of a closure
          // inside of the parameters does not.
          if pending?.parentheses == parentheses { pending = nil }
          guard let function = open.last, function.depth == depth else { continue }
          open.removeLast()
          let count = number - function.line + 1
          if count > functionLines {
            found.append(
              file.violation(
                function.line, "a function of \(count) lines; \(functionLines) are allowed"))
          }
        default: break
        }
      }
    }
    return found
  }

  /// The licence stands first; a line that the system or a tool reads may stand before it.
  static func missingLicence(_ file: SourceFile) -> [Violation] {
    let isToolLine: (Substring) -> Bool = {
      $0.hasPrefix("#!") || $0.hasPrefix("// swift-tools-version")
    }
    let first = file.lines.first { !isToolLine($0) } ?? ""
    let licences = [
      "// SPDX-License-Identifier: Apache-2.0", "# SPDX-License-Identifier: Apache-2.0",
    ]
    let isFirst = file.lines.prefix(2).contains(first)
    return isFirst && licences.contains(String(first))
      ? [] : [file.violation(0, "the first line names no licence")]
  }

  /// Work that is only promised.
  static func promises(_ file: SourceFile) -> [Violation] {
    // In two parts, so that this file keeps the rule.
    let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
    return file.lines.enumerated().compactMap { number, line in
      marks.first { line.contains($0) }.map { file.violation(number, "\($0): do it, or drop it") }
    }
  }
}
