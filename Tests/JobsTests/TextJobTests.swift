// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

@Suite struct TextJobTests {
  private static func byBytes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }

  private static func randomLines(_ seed: Int) -> [String] {
    var random = RandomSource(seed)
    let pieces = ["a", "B", "7", " ", ",", "\t", "é", "日", "-", "wort ", "_", "\r", "x1 "]
    return (0..<random.number(0...300)).map { _ in
      (0..<random.number(0...12)).map { _ in pieces[random.number(0...(pieces.count - 1))] }
        .joined() + "."
    }
  }

  private func checkWordCount(_ paths: [String], _ lines: [String], minimum: Int) throws {
    var wanted: [String: Int] = [:]
    for word in lines.flatMap(Corpus.words) where word.utf8.count >= minimum {
      wanted[word, default: 0] += 1
    }
    let result = try run(WordCount.self, paths + ["--min-length", "\(minimum)"])
    let found = try result.pairs("wordcount", as: (String, Int).self)
    #expect(found.map(\.0) == wanted.keys.sorted(by: Self.byBytes))
    #expect(found.allSatisfy { wanted[$0.0] == $0.1 })
  }

  @Test(arguments: [1, 4]) func `Words of this package are counted`(minimum: Int) throws {
    let lines = try Corpus.files.flatMap(Corpus.lines)
    #expect(lines.count > 1000)
    try checkWordCount(Corpus.files, lines, minimum: minimum)
  }

  @Test(arguments: 0..<6) func `Words of random lines are counted`(seed: Int) throws {
    let lines = Self.randomLines(seed)
    let file = try TemporaryFile(lines: lines)
    try checkWordCount([file.path], lines, minimum: seed % 3)
  }

  /// How many words occur how often, the most common numbers first.
  private func checkFrequencies(_ paths: [String], _ lines: [String], keep: Int) throws {
    var counts: [String: Int] = [:]
    for word in lines.flatMap(Corpus.words) { counts[word, default: 0] += 1 }
    var wanted: [Int: Int] = [:]
    for count in counts.values { wanted[count, default: 0] += 1 }
    let ranked = wanted.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(keep)
    let found = try run(Frequencies.self, paths + ["--keep", "\(keep)"])
      .pairs("frequencies", as: (Int, Int).self)
    #expect(found.map(\.0) == ranked.map(\.key))
    #expect(found.map(\.1) == ranked.map(\.value))
  }

  @Test(arguments: [1, 7, 1000]) func `Words of this package are counted by how often they occur`(
    keep: Int
  ) throws {
    try checkFrequencies(Corpus.files, Corpus.files.flatMap(Corpus.lines), keep: keep)
  }

  @Test(arguments: 0..<6) func `Words of random lines are counted by how often they occur`(
    seed: Int
  ) throws {
    let lines = Self.randomLines(seed)
    let file = try TemporaryFile(lines: lines)
    try checkFrequencies([file.path], lines, keep: 5)
  }

  @Test func `A job of three stages has three stages`() throws {
    let file = try TemporaryFile(lines: ["a b a"])
    #expect(try run(Frequencies.self, [file.path]).stages.count == 3)
    #expect(throws: (any Error).self) { _ = try Frequencies.parse([file.path, "--keep", "0"]) }
  }

  @Test(arguments: ["import", "func ", "é", "\"", "no such text in here: \u{7}"])
  func `Lines that hold a text are found, in order`(text: String) throws {
    let lines = try Corpus.files.flatMap(Corpus.lines)
    let wanted = lines.filter { $0.contains(text) }
    let result = try run(Grep.self, [text] + Corpus.files)
    let found = try result.lines("lines").map { String(decoding: $0, as: UTF8.self) }
    #expect(found == wanted)
    let count = try result.pairs("count", as: (String, Int).self)
    #expect(count.map(\.0) == (wanted.isEmpty ? [] : [text]))
    #expect(count.map(\.1) == (wanted.isEmpty ? [] : [wanted.count]))
  }

  private func checkIndex(_ documents: [(name: String, text: String)], _ paths: [String]) throws {
    var wanted: [String: Set<String>] = [:]
    for document in documents {
      for word in Corpus.words(document.text) { wanted[word, default: []].insert(document.name) }
    }
    let found = try run(InvertedIndex.self, paths).pairs("index", as: (String, [String]).self)
    #expect(found.map(\.0) == wanted.keys.sorted(by: Self.byBytes))
    #expect(found.allSatisfy { $0.1 == wanted[$0.0]?.sorted() })
  }

  @Test func `Words of this package are listed with their files`() throws {
    let documents = try Corpus.files.flatMap { path in
      let name = URL(filePath: path).lastPathComponent
      return try Corpus.lines(path).map { (name, $0) }
    }
    let file = try TemporaryFile(lines: documents.map { "\($0.0)\t\($0.1)" })
    try checkIndex(documents, [file.path])
  }

  @Test(arguments: 0..<6) func `Words of random documents are listed, each document once`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    let documents = Self.randomLines(seed).map { (name: "d\(random.number(0...9))", text: $0) }
    let lines = documents.map { "\($0.name)\t\($0.text)" } + ["a line without a name", ""]
    let file = try TemporaryFile(lines: lines)
    try checkIndex(documents, [file.path])
  }

  @Test func `Names that differ only in how they are composed are two documents`() throws {
    let file = try TemporaryFile(lines: ["caf\u{E9}\tword", "cafe\u{301}\tword"])
    let found = try run(InvertedIndex.self, [file.path]).pairs("index", as: (String, [String]).self)
    #expect(found.map { $0.1.count } == [2])
  }

  @Test(arguments: [
    [], ["--min-length", "x", "file"], ["--no-such-option", "file"],
  ])
  func `Arguments that make no sense are refused`(arguments: [String]) {
    #expect(throws: (any Error).self) { _ = try WordCount.parse(arguments) }
    #expect(throws: (any Error).self) { _ = try Grep.parse(["", "file"]) }
  }

  @Test func `Every job is listed once under a name of its own`() {
    let names = Jobs.jobs.map { $0.name }
    #expect(Set(names).count == names.count)
    #expect(names.contains("wordcount") && names.contains("inverted-index"))
    #expect(Jobs.jobs.allSatisfy { $0.abstract.hasSuffix(".") })
  }
}
