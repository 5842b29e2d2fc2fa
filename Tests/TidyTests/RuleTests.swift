// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Every rule finds what breaks it, and nothing else")
struct RuleTests {
  typealias Rule = @Sendable (SourceFile) -> [Violation]

  private static func lines(_ rule: Rule, _ path: String, _ text: String) -> [Int] {
    rule(SourceFile(path, text)).map(\.line)
  }

  @Test(
    "Imports",
    arguments: [
      ("Sources/Vocabulary/A.swift", "import Memory", [1]),
      ("Sources/Vocabulary/A.swift", "import Synchronization", []),
      ("Sources/Memory/A.swift", "import Vocabulary\nimport Exchange", [2]),
      ("Sources/Memory/A.swift", "import Foundation", [1]),
      ("Sources/Exchange/A.swift", "package import Glibc", [1]),
      ("Sources/Exchange/A.swift", "@testable import struct Jobs.WordCount", [1]),
      ("Sources/MapReduce/A.swift", "@_exported public import MapReduceCommand", [1]),
      ("Sources/MapReduce/A.swift", "public import ArgumentParser\nimport Glibc", []),
      ("Jobs/A.swift", "import MapReduce\nimport Memory", [2]),
      ("Sources/Another/A.swift", "import Glibc", [1]),
      ("Sources/Memory/A.swift", "// import Jobs\nlet a = \"import Jobs\"", []),
    ])
  func imports(_ path: String, _ text: String, _ expected: [Int]) {
    #expect(Self.lines(Floors.violations, path, text) == expected)
  }

  @Test(
    "Words that pure code may not say",
    arguments: [
      ("await f()", [1]), ("let t = Task { }", [1]), ("\nlet d: Date", [2]), ("print(1)", [1]),
      ("let n = Int.random(in: a)", [1]), ("a.shuffled()", [1]),
      ("// await Task Date print(", []), ("let a = \"print(1) Date\"", []),
      ("let a = \"\\(print(1))\"", [1]), ("func print(a: Int)", []), ("let random = 1", []),
      ("/* Task\n /* Date */ await */ let a = 1", []),
      ("let a = \"\"\"\n  Date \"Task\"\n  \"\"\"; await a", [3]), ("#\"a\" Date \"\"#", []),
      ("let updates = 1", []),
    ])
  func impureWords(_ text: String, _ expected: [Int]) {
    #expect(Self.lines(CodeRules.impureWords, "Sources/Exchange/A.swift", text) == expected)
    #expect(Self.lines(CodeRules.impureWords, "Sources/MapReduce/A.swift", text).isEmpty)
  }

  @Test(
    "Loops over dictionaries and sets",
    arguments: [
      ("var a: [Int: Int] = b\nfor x in a {}", [2]), ("let a: Set<Int>\nfor x in a {}", [2]),
      ("var a = [String: [Int]]()\nlet b = a.keys", [2]),
      ("let a: Dictionary<Int, Int>\na.map { $0 }", [2]),
      ("var a: [Int]\nfor x in a {}", []), ("var a: [(x: Int, y: Int)]\nfor x in a {}", []),
      ("var a: [Int: Int] = b\nlet c = a[1]", []),
    ])
  func unorderedLoops(_ text: String, _ expected: [Int]) {
    #expect(Self.lines(CodeRules.unorderedLoops, "Sources/Memory/A.swift", text) == expected)
  }

  @Test(
    "unsafe",
    arguments: [
      ("Sources/Exchange/A.swift", [1]), ("Sources/MapReduce/Plan/A.swift", [1]),
      ("Jobs/A.swift", [1]), ("Sources/MapReduceCommand/Verbs/A.swift", [1]),
      ("Sources/Memory/A.swift", []), ("Sources/MapReduce/Input/A.swift", []),
      ("Sources/MapReduceCommand/CommandLineTool.swift", []),
    ])
  func unsafeCode(_ path: String, _ expected: [Int]) {
    for text in ["let a = unsafe b", "let p: UnsafeRawPointer"] {
      #expect(Self.lines(CodeRules.misplacedUnsafe, path, text) == expected)
    }
    #expect(Self.lines(CodeRules.misplacedUnsafe, path, "// unsafe\nlet isunsafe = 1").isEmpty)
  }

  @Test(
    "Public declarations",
    arguments: [
      ("Sources/Exchange/Run/A.swift", "public struct A {}", [1]),
      ("Sources/Memory/Tables/A.swift", "@inlinable public func a() {}", [1]),
      ("Sources/Vocabulary/Limits.swift", "  public static let a = 1", [1]),
      ("Sources/Exchange/Run/A.swift", "public import Memory\npackage struct A {}", []),
      ("Sources/MapReduce/A.swift", "public struct A {}", []),
      ("Sources/Memory/Bytes/A.swift", "public struct A {}", []),
    ])
  func publicCode(_ path: String, _ text: String, _ expected: [Int]) {
    #expect(Self.lines(CodeRules.misplacedPublic, path, text) == expected)
  }

  @Test(
    "Names of types",
    arguments: [
      ("struct BlockManager {}", [1]), ("final class Data {}", [1]), ("enum TextUtil {}", [1]),
      ("protocol JobInfo {}", [1]), ("typealias AImpl = B", [1]), ("actor Helper {}", [1]),
      ("let data = Data()", []), ("struct Dataset {}", []), ("struct Informed {}", []),
      ("/// class Manager", []),
    ])
  func names(_ text: String, _ expected: [Int]) {
    #expect(Self.lines(CodeRules.emptyNames, "Sources/Memory/A.swift", text) == expected)
  }

  @Test("Files that declare nothing")
  func deadFiles() {
    let path = "Sources/Memory/A.swift"
    #expect(Self.lines(CodeRules.deadFile, path, "// struct A {}\nimport Glibc\n") == [1])
    #expect(Self.lines(CodeRules.deadFile, path, "") == [1])
    #expect(Self.lines(CodeRules.deadFile, path, "@_exported public import Memory").isEmpty)
    #expect(Self.lines(CodeRules.deadFile, path, "extension Int {}").isEmpty)
  }

  @Test("Long files and long lines")
  func lengths() {
    let text = String(repeating: "a\n", count: 500)
    #expect(Self.lines(SizeRules.longFile, "A.swift", text).isEmpty)
    #expect(Self.lines(SizeRules.longFile, "A.swift", text + "a\n") == [501])
    let line = String(repeating: "é", count: 100)
    #expect(Self.lines(SizeRules.longLines, "A.swift", "\n\(line)").isEmpty)
    #expect(Self.lines(SizeRules.longLines, "A.swift", "\n\(line)b") == [2])
  }

  @Test(
    "Long functions",
    arguments: [
      ("func f() {\n#}", 71, [1]), ("func f() {\n#}", 68, []),
      ("struct A {\n  init(a: () -> Int = { 1 }) {\n#  }\n}", 71, [2]),
      ("struct A {\n  func short() {}\n#}", 90, []),
      ("protocol A {\n  func f()\n}\nstruct B {\n#}", 90, []),
      ("func f() {\n  let s = \"}\"  // }\n#}", 71, [1]),
      ("func f() {\n  func g() {}\n#}", 71, [1]),
      ("let a = B.init(1)\nlet c = [\n#]", 90, []),
    ])
  func longFunctions(_ text: String, _ count: Int, _ expected: [Int]) {
    let body = String(repeating: "  a()\n", count: count)
    let whole = text.split(separator: "#", omittingEmptySubsequences: false).joined(separator: body)
    #expect(Self.lines(SizeRules.longFunctions, "A.swift", whole) == expected)
  }

  @Test("Licences")
  func licences() {
    let licence = "SPDX-License-Identifier: Apache-2.0"
    #expect(Self.lines(SizeRules.missingLicence, "A.swift", "import A\n// \(licence)") == [1])
    #expect(Self.lines(SizeRules.missingLicence, "A.swift", "") == [1])
    #expect(Self.lines(SizeRules.missingLicence, "A.swift", "// \(licence)\n").isEmpty)
    #expect(Self.lines(SizeRules.missingLicence, "a.sh", "#!/bin/bash\n# \(licence)\n").isEmpty)
    #expect(Self.lines(SizeRules.missingLicence, "a.sh", "#!/bin/bash\n\n# \(licence)\n") == [1])
  }

  @Test("Promises")
  func promises() {
    let mark = "TO" + "DO"
    #expect(Self.lines(SizeRules.promises, "A.swift", "let a = 1\n// \(mark): more") == [2])
    #expect(Self.lines(SizeRules.promises, "A.swift", "// nothing to do").isEmpty)
  }

  @Test("Titles of pages")
  func titles() {
    #expect(Self.lines(MarkdownRules.oneTitle, "a.md", "# A\n\n# B\n") == [3])
    #expect(Self.lines(MarkdownRules.oneTitle, "a.md", "## A\n") == [1])
    #expect(Self.lines(MarkdownRules.oneTitle, "a.md", "# A\n```bash\n# no title\n```\n").isEmpty)
  }

  @Test(
    "Links in pages",
    arguments: [
      ("[a](b.md)", []), ("[a](c.md)", [1]), ("\n[a](../README.md) [b](../x)", [2]),
      ("[a](https://example.org/x)", []), ("`[a](c.md)`", []), ("```\n[a](c.md)\n```", []),
      ("[a](b.md#the-title)", []), ("[a](b.md#another)", [1]), ("# Here\n[a](#here)", []),
      ("[a](#there)", [1]), ("![a](c.png)", [1]),
    ])
  func links(_ text: String, _ expected: [Int]) {
    let file = SourceFile("docs/a.md", text)
    let other = SourceFile("docs/b.md", "# The title!\n")
    let found = MarkdownRules.brokenLinks(
      file, exists: { ["docs/a.md", "docs/b.md", "README.md"].contains($0) },
      page: { $0 == "docs/a.md" ? file : $0 == "docs/b.md" ? other : nil })
    #expect(found.map(\.line) == expected)
  }
}
