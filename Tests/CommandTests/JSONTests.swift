// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("--json: one document a line")
struct JSONTests {
  @Test("run prints records, then the job")
  func run() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "b a\na b\na\n")
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", "--json")
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    let documents = try outcome.objects()
    #expect(documents.compactMap { $0["type"] as? String } == ["record", "record", "job"])
    let record = try #require(documents[0]["record"] as? JSON.Object)
    #expect(documents[0]["result"] as? String == "wordcount")
    #expect(record["key"] as? String == "a")
    #expect(record["value"] as? Double == 3)
    let job = try #require(documents.last)
    #expect(job["job"] as? String == "wordcount")
    #expect(job["state"] as? String == "committed")
    #expect((job["plan"] as? String)?.count == 16)
    #expect((job["stages"] as? [any Sendable])?.count == 1)
    let results = try #require(job["results"] as? [any Sendable])
    let result = try #require(results.first as? JSON.Object)
    #expect(result["records"] as? Double == 2)
    #expect(result["path"] == nil)
  }

  @Test("run -o names where each result lies")
  func runSaved() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a b\n")
    let outcome = try await scratch.mapred("run", "grep", "a", "in.txt", "-o", "out", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.count == 1)
    let results = try #require(documents[0]["results"] as? [any Sendable])
    let paths = results.compactMap { ($0 as? JSON.Object)?["path"] as? String }
    #expect(paths == ["out/lines", "out/count"])
  }

  @Test("explain prints one plan")
  func explain() async throws {
    let outcome = try await Scratch().mapred("explain", "grep", "a", "in.txt", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.count == 1)
    #expect(documents[0]["type"] as? String == "plan")
    #expect(documents[0]["job"] as? String == "grep")
    #expect((documents[0]["fingerprint"] as? String)?.count == 16)
    let stages = try #require(documents[0]["stages"] as? [any Sendable])
    for stage in stages.compactMap({ $0 as? JSON.Object }) {
      for field in ["n", "name", "inputs", "operators", "shuffle", "key", "value", "order"] {
        #expect(stage[field] != nil, "a stage has no \(field)")
      }
    }
    let results = try #require(documents[0]["results"] as? [any Sendable])
    #expect(
      results.compactMap { ($0 as? JSON.Object)?["name"] as? String } == ["lines", "count"])
  }

  @Test("list prints one job a line")
  func list() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("list", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.allSatisfy { $0["type"] as? String == "job" })
    let names = documents.compactMap { $0["name"] as? String }
    let plain = try await scratch.mapred("list").lines
    #expect(names == plain.map { $0.prefix { $0 != " " } }.map(String.init))
  }

  @Test("version prints one document")
  func version() async throws {
    let outcome = try await Scratch().mapred("version", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.count == 1)
    #expect(documents[0]["type"] as? String == "version")
    #expect(documents[0]["version"] as? String != nil)
    for format in ["gzip", "zstd", "lz4"] { #expect(documents[0][format] != nil) }
  }

  @Test("get prints one record a line, objects for pairs and plain values for elements")
  func get() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a \"b\"\ta\n\u{1}\n")
    _ = try await scratch.mapred("run", "wordcount", "in.txt", "-o", "words")
    _ = try await scratch.mapred("run", "terasort", "in.txt", "-o", "lines")
    let pairs = try await scratch.mapred("get", "words/wordcount", "--json")
    expectSuccess(pairs)
    #expect(try pairs.objects().compactMap { $0["key"] as? String } == ["a", "b"])
    let lines = try await scratch.mapred("get", "lines/sorted", "--json")
    expectSuccess(lines)
    #expect(try lines.documents().compactMap { $0 as? String } == ["\u{1}", "a \"b\"\ta"])
    let same = try await scratch.mapred("get", "lines/sorted", "--format", "jsonl")
    #expect(same.data == lines.data)
  }

  @Test("An error is told on standard error and as a document")
  func error() async throws {
    let scratch = try Scratch()
    for arguments in [["run", "wordcount", "nothing.txt"], ["get", "./nothing.txt"]] {
      let outcome = try await scratch.start(arguments + ["--json"]).outcome()
      #expect(outcome.code == 66)
      let documents = try outcome.objects()
      #expect(documents.count == 1)
      #expect(documents.first?["type"] as? String == "error")
      #expect(documents.first?["code"] as? String == "no_input")
      #expect(documents.first?["exit"] as? Double == 66)
      let message = documents.first?["message"] as? String
      #expect(message?.contains("nothing.txt") == true)
      #expect(outcome.words.contains("nothing.txt"))
    }
  }

  @Test("Whole numbers are exact, however large")
  func wholeNumbers() async throws {
    let scratch = try Scratch()
    // Its FNV-1a hash is above 2^53, so that a floating-point number could not hold it.
    try scratch.write("in.txt", "a\n")
    let outcome = try await scratch.mapred("run", "teravalidate", "in.txt", "--json")
    expectSuccess(outcome)
    let hash = (0xCBF2_9CE4_8422_2325 as UInt64 ^ 0x61) &* 0x100_0000_01B3
    #expect(outcome.text.contains("\"checksum\":\(hash)"), "\(outcome.text)")
  }
}
