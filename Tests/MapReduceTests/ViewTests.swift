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

  @Test func `A view of a field stays what it was from step to step`() throws {
    let directory = try TemporaryDirectory()
    // Every third text has to be copied to be one.
    let texts = (0..<1000).map { $0 % 3 == 0 ? "a \"quote\" \($0)" : "plain \($0)" }
    let wanted = texts.filter { $0.count != 9 }
    let csv = try directory.write(
      "texts.csv",
      texts.map { "1,\"\($0.replacing("\"", with: "\"\""))\",2\n" }.joined())
    let rows = try run(threads: 1) { flow in
      flow.read(.csv(csv, header: false)).map { try $0[1] }.filter { $0.count != 9 }
        .map { String($0) }.write(.result("result"))
    }
    #expect(try rows.values(as: String.self) == wanted)
    let kept = try run(threads: 1) { flow in
      flow.read(.csv(csv, header: false)).filter { try $0[1].count != 9 }
        .map { "\(try $0.string(1))\(try $0.int(2))" }.write(.result("result"))
    }
    #expect(try kept.values(as: String.self) == wanted.map { $0 + "2" })
    let jsonl = try directory.write(
      "texts.jsonl",
      texts.map { "{\"n\":1,\"t\":\"\($0.replacing("\"", with: "\\\""))\"}\n" }.joined())
    let lines = try run(threads: 1) { flow in
      flow.read(.jsonl(jsonl)).filter { try $0.bytes("t").count != 9 }
        .map { try $0.bytes("t") }.map { String($0) }.write(.result("result"))
    }
    #expect(try lines.values(as: String.self) == wanted)
  }
}
