// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

/// Views may be emitted inside of the call that hands them out; what follows must not see other
/// bytes in their place.
@Suite struct ViewTests {
  private static let texts = (0..<1000).map { "text\($0 % 37) of\($0 % 11)" }

  private static func counts(_ words: some Sequence<String>) -> [String: Int] {
    words.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  private func check(_ result: JobResult, _ wanted: [String: Int]) throws {
    let found = try result.pairs(as: (String, Int).self)
    #expect(found.map(\.0) == wanted.keys.sorted())
    #expect(found.map(\.1) == wanted.sorted { $0.key < $1.key }.map(\.value))
  }

  @Test func `Words of a text that only lives inside of the closure are counted`() throws {
    let result = try run(threads: 1) { flow in
      flow.read(.values(Self.texts))
        .flatMap(to: (Bytes, Int).self) { text, emit in
          var text = text
          text.withUTF8Bytes { for word in $0.words { emit(word, 1) } }
        }
        .reduce(+).write(.result("result"))
    }
    try check(result, Self.counts(Self.texts.flatMap { $0.split(separator: " ").map(String.init) }))
  }

  @Test func `Bytes of an array that only lives inside of the closure are counted`() throws {
    let result = try run(threads: 1) { flow in
      flow.read(.values(Self.texts))
        .flatMap(to: (Bytes, Int).self) { text, emit in
          Array(("prefix long enough for the heap " + text).utf8).withBytes { emit($0, 1) }
        }
        .reduce(+).write(.result("result"))
    }
    try check(result, Self.counts(Self.texts.map { "prefix long enough for the heap " + $0 }))
  }

  @Test(arguments: [true, false]) func `A view out of a tuple key stays what it was`(
    isFiltered: Bool
  ) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("text", Self.texts.map { $0 + "\n" }.joined())
    let result = try run(threads: 1) { flow in
      let parts = flow.read(.lines(path))
        .keyed { line in
          ((line.field(0, separator: " ") ?? line, line.field(1, separator: " ") ?? line), 1)
        }
        .reduce(+)
      let first = parts.map { key, _ in key.parts.0 }
      let wanted = isFiltered ? first.filter { $0.count > 5 } : first
      wanted.keyed { ($0, 1) }.reduce(+).write(.result("result"))
    }
    let distinct = Set(Self.texts).map { String($0.prefix { $0 != " " }) }
    try check(result, Self.counts(distinct.filter { !isFiltered || $0.utf8.count > 5 }))
  }

  @Test func `Views of lines and of keys of earlier stages pass through fluent steps`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("text", Self.texts.map { $0 + "\n" }.joined())
    let result = try runOnAnyThreads { flow in
      flow.read(.lines(path)).filter { !$0.isEmpty }.map { $0[4...] }
        .flatMap { line in line.fields(" ") }
        .keyed { ($0, 1) }.reduce(+)
        .map { key, _ in key[..<1] }
        .keyed { ($0, 1) }.reduce(+).write(.result("result"))
    }
    let distinct = Set(
      Self.texts.flatMap { $0.dropFirst(4).split(separator: " ").map(String.init) })
    try check(result, Self.counts(distinct.map { String($0.prefix(1)) }))
  }
}
