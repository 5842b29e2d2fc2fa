// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Previews of jobs")
struct PreviewTests {
  @Test("Each stage is shown in order, with its first records and with the results that it is")
  func stages() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a b c\na b\na\n")
    let outcome = try await scratch.mapred("preview", "frequencies", "in.txt", "--limit", "2")
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    let lines = outcome.lines
    #expect(lines.first == "preview of frequencies")
    let explained = try await scratch.mapred("explain", "frequencies", "in.txt").lines
    let names = explained.filter { $0.hasPrefix("stage ") }.map { $0.prefix { $0 != "r" } }
    #expect(lines.filter { $0.hasPrefix("stage ") }.map { $0.prefix(10) } == names)
    let first = try #require(lines.firstIndex { $0.hasPrefix("stage 1 ") })
    #expect(lines[first].contains("Frequencies.swift:"))
    #expect(
      lines[(first + 1)...].prefix(4) == [
        "  = 3 records: (bytes, int64) pairs, by key", "    a\t3", "    b\t2", "    … and 1 more",
      ])
    #expect(lines.contains("  = result frequencies"))
    // All of it was read, and so nothing is said about that; and nothing was saved.
    #expect(!outcome.text.contains("at most"))
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("Of a large input only the beginning is read, and that is said; --whole reads all")
  func beginning() async throws {
    let scratch = try Scratch()
    try scratch.write("a.txt", String(repeating: "first line\n", count: 30_000))
    try scratch.write("b.txt", "last\n")
    let part = try await scratch.mapred("preview", "wordcount", "a.txt", "b.txt")
    expectSuccess(part)
    #expect(part.text.contains("at most the first 256.0 KiB"))
    #expect(part.text.contains("of that part alone"))
    #expect(part.text.contains("first\t23832\n"))
    #expect(!part.text.contains("last"))
    let whole = try await scratch.mapred("preview", "wordcount", "a.txt", "b.txt", "--whole")
    #expect(whole.text.contains("first\t30000\n"))
    #expect(whole.text.contains("last\t1\n"))
    #expect(!whole.text.contains("at most"))
  }

  @Test("Standard input is read up to the same place, also by two stages")
  func stream() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", String(repeating: "a b\n", count: 100_000))
    let outcome = try await scratch.mapred("preview", "wordcount", "-", standardInput: "in.txt")
    expectSuccess(outcome)
    #expect(outcome.text.contains("at most the first 256.0 KiB"))
    #expect(outcome.text.contains("a\t65536\n"))
    let twice = try await scratch.mapred("preview", "grep", "a", "-", standardInput: "in.txt")
    #expect(twice.text.contains("= 65,536 records"))
    #expect(twice.text.contains("a\t65536\n"))
  }

  @Test("Of rounds that do the same, the first two are shown, and what comes of them all")
  func rounds() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "1 2\n2 3\n3 1\n")
    let outcome = try await scratch.mapred("preview", "pagerank", "in.txt")
    expectSuccess(outcome)
    let plan = try await scratch.mapred("explain", "pagerank", "in.txt", "--json").objects()
    let all = try #require(plan.first?["stages"] as? [any Sendable])
    let shown = outcome.lines.filter { $0.hasPrefix("stage ") }
    #expect(shown.count < all.count)
    #expect(outcome.text.contains("result "))
  }

  @Test("--json prints a document for each stage, its records behind it, and one for the whole")
  func documents() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "b a\na\n")
    let outcome = try await scratch.mapred("preview", "grep", "a", "in.txt", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(
      documents.compactMap { $0["type"] as? String } == [
        "stage", "record", "record", "stage", "record", "preview",
      ])
    #expect(documents[0]["results"] as? [any Sendable] as? [String] == ["lines"])
    #expect(documents[0]["records"] as? Double == 2)
    #expect(documents[1]["record"] as? String == "b a")
    #expect(documents[1]["stage"] as? Double == 1)
    #expect(documents[4]["record"] as? JSON.Object != nil)
    #expect(documents[5]["job"] as? String == "grep")
    #expect(documents[5]["reads_all"] != nil)
  }

  @Test("A closure that throws is an error, behind the stages before it")
  func failing() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a\nb\n")
    let outcome = try await scratch.faultyJobs("preview", "throws-at", "b", "in.txt")
    #expect(outcome.code == 1)
    #expect(outcome.words.contains("job throws-at failed: a closure threw"))
    #expect(outcome.words.contains("in.txt:2"))
  }
}
