// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Rules about pages.
enum MarkdownRules {
  /// The lines outside of fenced blocks, with blanks for `code`.
  private static func prose(_ file: SourceFile) -> [(number: Int, line: String)] {
    var isInside = false
    return file.lines.enumerated().compactMap { number, line in
      let start = line.drop { $0 == " " }
      if start.hasPrefix("```") || start.hasPrefix("~~~") {
        isInside.toggle()
        return nil
      }
      if isInside { return nil }
      let parts = line.split(separator: "`", omittingEmptySubsequences: false)
      let kept = parts.enumerated().map { $0 % 2 == 0 ? String($1) : "code" }
      return (number, kept.joined())
    }
  }

  static func oneTitle(_ file: SourceFile) -> [Violation] {
    let titles = prose(file).filter { $0.line.hasPrefix("# ") }
    if titles.count == 1 { return [] }
    return [
      file.violation(titles.dropFirst().first?.number ?? 0, "\(titles.count) titles; one is wanted")
    ]
  }

  /// The targets of links and images in a line.
  static func links(_ line: String) -> [String] {
    line.components(separatedBy: "](").dropFirst().compactMap { rest in
      rest.firstIndex(of: ")").map { String(rest[..<$0]) }
    }
  }

  /// How a heading is written in a link.
  static func anchor(_ heading: String) -> String {
    String(
      heading.lowercased().compactMap { character -> Character? in
        if character == " " { return "-" }
        return character.isLetter || character.isNumber || character == "-" || character == "_"
          ? character : nil
      })
  }

  static func anchors(_ file: SourceFile) -> Set<String> {
    var found: Set<String> = []
    var isInside = false
    for line in file.lines {
      if line.hasPrefix("```") { isInside.toggle() }
      guard !isInside, line.hasPrefix("#") else { continue }
      found.insert(anchor(String(line.drop { $0 == "#" }.drop { $0 == " " })))
    }
    return found
  }

  /// Links to files and headings that are not there. `page` gives the file at a path.
  static func brokenLinks(
    _ file: SourceFile, exists: (String) -> Bool, page: (String) -> SourceFile?
  ) -> [Violation] {
    let directory = file.path.split(separator: "/").dropLast().map(String.init)
    return prose(file).flatMap { number, line in
      links(line).compactMap { link -> Violation? in
        let isElsewhere = link.contains("://") || link.hasPrefix("mailto:")
        if isElsewhere || link.isEmpty { return nil }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : resolve(String(parts[0]), from: directory)
        guard exists(path) else { return file.violation(number, "\(link): nothing is there") }
        guard parts.count == 2, let target = page(path) else { return nil }
        return anchors(target).contains(String(parts[1]))
          ? nil : file.violation(number, "\(link): no such heading")
      }
    }
  }

  private static func resolve(_ link: String, from directory: [String]) -> String {
    var parts = directory
    for part in link.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
    }
    return parts.joined(separator: "/")
  }
}
