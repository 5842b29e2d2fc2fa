// SPDX-License-Identifier: Apache-2.0

/// Rules about what code says.
enum CodeRules {
  private static let typeKeywords: Set<Substring> = [
    "struct", "class", "enum", "protocol", "actor", "typealias",
  ]

  /// What would make pure code depend on time, chance, threads or the outside.
  static func impureWords(_ file: SourceFile) -> [Violation] {
    guard file.path.hasPrefix("Sources/"), let target = file.target, Floors.pure.contains(target)
    else { return [] }
    let words: Set<Substring> = ["await", "async", "Task", "Date", "ContinuousClock"]
    let calls: Set<Substring> = ["print", "debugPrint", "readLine"]
    let members: Set<Substring> = ["random", "shuffled", "randomElement"]
    return file.violations("pure code may not say so") { tokens, index in
      let token = tokens[index]
      let next = index + 1 < tokens.count ? tokens[index + 1] : ""
      let previous = index > 0 ? tokens[index - 1] : ""
      if words.contains(token) { return true }
      if calls.contains(token) { return next == "(" && previous != "." && previous != "func" }
      return members.contains(token) && previous == "."
    }
  }

  /// Loops over dictionaries and sets, whose order differs from run to run. Found by name: where a
  /// file declares a name as a dictionary or set, it may not be looped over.
  static func unorderedLoops(_ file: SourceFile) -> [Violation] {
    guard file.path.hasPrefix("Sources/"), let target = file.target, Floors.pure.contains(target)
    else { return [] }
    let unordered = Set(file.code.compactMap { declaredUnordered(SwiftText.tokens($0)) })
    return file.violations("a loop over a dictionary or set has no order") { tokens, index in
      guard unordered.contains(tokens[index]) else { return false }
      let previous = index > 0 ? tokens[index - 1] : ""
      if previous == "in", tokens.contains("for") { return true }
      guard index + 2 < tokens.count, tokens[index + 1] == "." else { return false }
      return ["keys", "values", "map", "forEach", "flatMap", "compactMap", "reduce", "filter"]
        .contains(tokens[index + 2]) && previous != "."
    }
  }

  /// The name in `var name: [K: V]`, `name: Set<…>`, `var name = [K: V]()`, `= Set<…>(`.
  private static func declaredUnordered(_ tokens: [Substring]) -> Substring? {
    guard let place = tokens.firstIndex(where: { $0 == "var" || $0 == "let" }),
      place + 3 < tokens.count, tokens[place + 2] == ":" || tokens[place + 2] == "="
    else { return nil }
    let type = tokens[(place + 3)...]
    if type.first == "Set" || type.first == "Dictionary" { return tokens[place + 1] }
    guard type.first == "[" else { return nil }
    var depth = 0
    for token in type {
      if token == "[" || token == "(" { depth += 1 }
      if token == "]" || token == ")" { depth -= 1 }
      if token == ":", depth == 1 { return tokens[place + 1] }
      if depth == 0 { return nil }
    }
    return nil
  }

  private static let unsafePlaces = [
    "Sources/Memory/", "Sources/Fabrics/", "Sources/Runtime/", "Sources/MapReduce/Input/",
    "Sources/MapReduce/Inline/", "Sources/MapReduce/Executor/ExecutorLink.swift",
    "Sources/MapReduce/Output/", "Sources/MapReduceCommand/Terminal/",
    "Sources/MapReduceCommand/CommandLineTool.swift",
    "Sources/MapReduceTesting/ScratchDirectory.swift", "Benchmarks/", "Tests/",
  ]

  /// Pointers live in few places.
  static func misplacedUnsafe(_ file: SourceFile) -> [Violation] {
    guard !unsafePlaces.contains(where: { file.path.hasPrefix($0) }) else { return [] }
    return file.violations("belongs into Memory and the shells") { tokens, index in
      tokens[index] == "unsafe" || tokens[index].hasPrefix("Unsafe")
    }
  }

  private static let publicPlaces = [
    "Sources/MapReduce/", "Sources/MapReduceCommand/", "Sources/MapReduceTesting/", "Jobs/",
    "Sources/Memory/Bytes/", "Sources/Exchange/Encoding/TypeCode.swift",
    // A stage's name and an operator's place are part of the signatures of MapReduce.
    "Sources/Vocabulary/Identifiers.swift",
  ]

  /// What is public is promised: it is declared in few places.
  static func misplacedPublic(_ file: SourceFile) -> [Violation] {
    guard file.path != "Package.swift", !publicPlaces.contains(where: { file.path.hasPrefix($0) })
    else { return [] }
    return file.violations("not part of the promised interface") { tokens, index in
      guard tokens[index] == "public" || tokens[index] == "open" else { return false }
      let next = index + 1 < tokens.count ? tokens[index + 1] : ""
      return tokens[index] == "open" ? next == "class" || next == "func" : next != "import"
    }
  }

  /// Names that say nothing.
  static func emptyNames(_ file: SourceFile) -> [Violation] {
    let endings = ["Manager", "Helper", "Helpers", "Util", "Utils", "Info", "Data", "Impl"]
    return file.violations("says nothing about what it is") { tokens, index in
      index > 0 && typeKeywords.contains(tokens[index - 1])
        && endings.contains { tokens[index].hasSuffix($0) }
    }
  }

  /// Every Swift file declares something.
  static func deadFile(_ file: SourceFile) -> [Violation] {
    let words = typeKeywords.union(["extension", "func", "let", "var", "_exported"])
    let declares = file.code.contains { line in
      SwiftText.tokens(line).contains { words.contains($0) }
    }
    return file.isSwift && !declares ? [file.violation(0, "declares nothing")] : []
  }
}
