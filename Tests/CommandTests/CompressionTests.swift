// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What this build can compress.
enum Built {
  static let formats: Set<String> = {
    let version = Process()
    version.executableURL = URL(fileURLWithPath: Scratch.mapred)
    version.arguments = ["version", "--json"]
    let output = Pipe()
    version.standardOutput = output
    guard (try? version.run()) != nil else { return [] }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    version.waitUntilExit()
    let document = JSON.parse(text) as? JSON.Object ?? [:]
    return Set(document.filter { ($0.value as? Double) == 1 }.keys)
  }()

  static var hasGzip: Bool { formats.contains("gzip") }
}

@Suite("Compressed inputs and outputs")
struct CompressionTests {
  private static let endings =
    [("gzip", "gz"), ("zstd", "zst"), ("lz4", "lz4")].filter { Built.formats.contains($0.0) }

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

  @Test(
    "A compressed input that is cut is an error with the command that checks it",
    .enabled(if: Built.hasGzip, "gzip is not built in"))
  func damaged() async throws {
    let scratch = try Self.scratch()
    let cut = try await scratch.shell("gzip -c in.txt | head -c 500 > in.txt.gz; echo done")
    #expect(cut.text == "done\n")
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt.gz", "-o", "out")
    expectFailure(outcome, 65, naming: "in.txt.gz", "byte 500", "gzip -t in.txt.gz")
    #expect(try scratch.names() == ["in.txt", "in.txt.gz"])
  }

  @Test(
    "What others compressed is read, in one process and on a cluster",
    .enabled(if: Built.hasGzip, "gzip is not built in"))
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

  @Test("Many frames are the same input on a cluster", arguments: endings)
  func clusterOfFrames(_ compression: String, _ ending: String) async throws {
    let scratch = try Scratch()
    // Some MiB as they are written, of which each MiB can begin a split.
    for arguments in [["--format", "lines"], ["--format", "lines", "--compress", compression]] {
      let place = arguments.count == 2 ? "plain" : "compressed"
      let generation = ["run", "teragen", "200000", "-o", place] + arguments
      expectSuccess(try await scratch.start(generation).outcome())
    }
    let cases = [
      ("text", "plain", []), ("inline", "compressed", []),
      ("cluster", "compressed", ["--on", "local:2"]),
    ]
    for (output, place, on) in cases {
      let sort = ["run", "terasort", "\(place)/lines/part-*", "-o", output] + on
      expectSuccess(try await scratch.start(sort).outcome())
    }
    let run = "sorted/part-00000.run"
    let isEqual = try scratch.read("inline/\(run)") == scratch.read("cluster/\(run)")
    #expect(isEqual)
    // Where blocks of a sorted result are cut depends on its splits; the digest does not.
    let digests = try await scratch.shell(
      "cat {text,inline}/sorted/_result.json"
    ).objects().map { $0["digest"] as? String }
    #expect(digests.count == 2 && digests[0] == digests[1] && digests[0] != nil)
  }

  @Test(
    "A job that dies of a compressed line says near which byte of its text",
    .enabled(if: Built.hasGzip, "gzip is not built in"))
  func death() async throws {
    let scratch = try Scratch()
    _ = try await scratch.shell("printf 'one\\ntwo\\n' | gzip > in.gz")
    let outcome = try await scratch.faultyJobs(
      "run", "ends-at", "exit", "two", "in.gz", "--on", "local:1")
    #expect(outcome.code == 1)
    #expect(outcome.words.contains("in.gz, in the lines from byte 0 of its text on"))
  }

  @Test(
    "explain tells what one thread has to read alone",
    .enabled(if: Built.hasGzip, "gzip is not built in"))
  func explain() async throws {
    let scratch = try Scratch()
    _ = try await scratch.shell("head -c 2000000 /dev/urandom | gzip > big.gz")
    let outcome = try await scratch.mapred("explain", "wordcount", "big.gz")
    expectSuccess(outcome)
    #expect(outcome.lines.last == "input big.gz (gzip: one split)")
  }
}
