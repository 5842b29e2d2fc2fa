// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Compressed inputs and outputs")
struct CompressionTests {
  private static let endings = [("gzip", "gz"), ("zstd", "zst"), ("lz4", "lz4")]

  /// A directory with `in.txt`: some thousand words.
  private static func scratch() throws -> Scratch {
    let scratch = try Scratch()
    let words = (0..<4000).map { "word\($0 % 977) \($0)\n" }
    try scratch.write("in.txt", words.joined())
    return scratch
  }

  private static func names(_ count: Int, _ ending: String) -> [String] {
    ["_result.json"] + (0..<count).map { "part-0000\($0).\(ending)" }
  }

  @Test("CSV in three compressed files reads back as what was counted", arguments: endings)
  func roundTrip(_ compression: String, _ ending: String) async throws {
    let scratch = try Self.scratch()
    expectSuccess(
      try await scratch.mapred(
        "run", "wordcount", "in.txt", "-o", "out", "--format", "csv", "--compress", compression,
        "--files", "3"))
    #expect(try scratch.names(in: "out/wordcount") == Self.names(3, "csv.\(ending)"))
    expectSuccess(
      try await scratch.mapred(
        "run", "wordcount", "in.txt", "-o", "plain", "--format", "csv", "--files", "3"))
    let manifest = try await scratch.shell("cat out/wordcount/_result.json").objects()
    #expect(manifest[0]["compression"] as? String == compression)
    let files = try #require(manifest[0]["files"] as? [any Sendable])
    let records = files.compactMap { ($0 as? JSON.Object)?["records"] as? Double }
    #expect(records.reduce(0, +) == manifest[0]["records"] as? Double)
    // Our own reader: each line of a file is an element, in the order of the files.
    for (index, place) in ["out", "plain"].enumerated() {
      let parts = "\(place)/wordcount/part-*"
      expectSuccess(
        try await scratch.mapred(
          "run", "terasort", parts, "-o", "sorted\(index)", "--format", "lines"))
    }
    let sorted = "sorted/part-00000.txt"
    #expect(try scratch.read("sorted0/\(sorted)") == scratch.read("sorted1/\(sorted)"))
    let lines = String(decoding: try scratch.read("sorted0/\(sorted)"), as: UTF8.self)
    #expect(lines.split(separator: "\r\n").count { $0 == "key,value" } <= 3)
  }

  @Test("get saves what it would have shown", arguments: endings)
  func get(_ compression: String, _ ending: String) async throws {
    let scratch = try Self.scratch()
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "saved"))
    let shown = try await scratch.mapred("get", "saved/wordcount", "--prefix", "word1")
    let saving = try await scratch.mapred(
      "get", "saved/wordcount", "--prefix", "word1", "-o", "out", "--compress", compression,
      "--files", "2")
    expectSuccess(saving)
    #expect(saving.data.isEmpty)
    #expect(try scratch.names(in: "out/wordcount") == Self.names(2, "txt.\(ending)"))
    let again = try await scratch.mapred(
      "run", "grep", "word", "out/wordcount/part-*", "--format", "lines", "-o", "grep")
    expectSuccess(again)
    #expect(try scratch.read("grep/lines/part-00000.txt") == shown.data)
  }

  @Test("A key that is not there, or a place that is, leaves nothing behind")
  func getFails() async throws {
    let scratch = try Self.scratch()
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "saved"))
    let missing = try await scratch.mapred("get", "saved/wordcount", "--key", "no", "-o", "out")
    expectFailure(missing, 66, naming: "no key \"no\"")
    let taken = try await scratch.mapred("get", "saved/wordcount", "-o", "saved")
    expectFailure(taken, 73, naming: "exists already")
    #expect(try scratch.names() == ["in.txt", "saved"])
  }

  @Test("Sizes divide a result")
  func size() async throws {
    let scratch = try Scratch()
    expectSuccess(
      try await scratch.mapred(
        "run", "teragen", "40000", "-o", "out", "--format", "lines", "--file-size", "1MiB"))
    let names = try scratch.names(in: "out/lines")
    #expect(names == Self.names(4, "txt"))
    for name in names.dropFirst() {
      #expect(try scratch.read("out/lines/\(name)").count <= 1 << 20)
    }
  }

  @Test(
    "Options that make no sense together",
    arguments: [
      (["--compress", "gzip"], "--format"), (["--files", "2", "--format", "csv"], "-o"),
      (["-o", "out", "--compress", "gzip"], "--format"),
      (["-o", "out", "--format", "csv", "--files", "2", "--file-size", "2MiB"], "--file-size"),
      (["-o", "out", "--format", "csv", "--files", "0"], "--files"),
      (["-o", "out", "--format", "csv", "--file-size", "1KiB"], "--file-size"),
      (["-o", "out", "--format", "csv", "--compress", "zip"], "zip"),
    ])
  func options(_ arguments: [String], _ word: String) async throws {
    let scratch = try Self.scratch()
    let outcome = try await scratch.start(["run", "wordcount", "in.txt"] + arguments).outcome()
    expectFailure(outcome, 64, naming: word)
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("A compressed input that is cut is an error with the command that checks it")
  func damaged() async throws {
    let scratch = try Self.scratch()
    let cut = try await scratch.shell("gzip -c in.txt | head -c 500 > in.txt.gz; echo done")
    #expect(cut.text == "done\n")
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt.gz", "-o", "out")
    expectFailure(outcome, 65, naming: "in.txt.gz", "byte 500", "gzip -t in.txt.gz")
    #expect(try scratch.names() == ["in.txt", "in.txt.gz"])
  }

  @Test("What others compressed is read, in one process and on a cluster")
  func cluster() async throws {
    let scratch = try Self.scratch()
    _ = try await scratch.shell(
      "gzip -k in.txt && cat in.txt.gz >> in.txt.gz.2 && mv in.txt.gz.2 b.gz")
    let inline = try await scratch.mapred(
      "run", "wordcount", "in.txt.gz", "b.gz", "--limit", "9999")
    expectSuccess(inline)
    let plain = try await scratch.mapred("run", "wordcount", "in.txt", "in.txt", "--limit", "9999")
    #expect(inline.data == plain.data)
    let cluster = try await scratch.mapred(
      "run", "wordcount", "in.txt.gz", "b.gz", "--limit", "9999", "--on", "local:1")
    expectSuccess(cluster)
    #expect(cluster.data == plain.data)
  }

  @Test("explain tells what one thread has to read alone")
  func explain() async throws {
    let scratch = try Scratch()
    _ = try await scratch.shell("head -c 2000000 /dev/urandom | gzip > big.gz")
    let outcome = try await scratch.mapred("explain", "wordcount", "big.gz")
    expectSuccess(outcome)
    #expect(outcome.lines.last == "input big.gz (gzip: one split)")
  }
}
