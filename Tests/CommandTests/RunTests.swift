// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Running jobs")
struct RunTests {
  private static let input = "the cat and, \"the\" dog\nthe end\n"

  @Test("Standard output is exactly the records; words go to standard error")
  func records() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt")
    expectSuccess(outcome)
    #expect(outcome.text == "and\t1\ncat\t1\ndog\t1\nend\t1\nthe\t3\n")
    #expect(outcome.words.contains("done in"))
    #expect(outcome.words.contains("nothing was saved"))
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("-q says nothing", arguments: [["-q"], ["--quiet"], ["-q", "-o", "out"]])
  func quiet(_ options: [String]) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    let outcome = try await scratch.start(["run", "wordcount", "in.txt"] + options).outcome()
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    #expect(outcome.data.isEmpty == options.contains("-o"))
  }

  @Test("--limit bounds what is shown, and says what is left out")
  func limit() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    let two = try await scratch.mapred("run", "wordcount", "in.txt", "--limit", "2")
    #expect(two.text == "and\t1\ncat\t1\n")
    #expect(two.words.contains("3 more"))
    let none = try await scratch.mapred("run", "wordcount", "in.txt", "--limit", "0")
    expectSuccess(none)
    #expect(none.data.isEmpty)
  }

  @Test("--format without -o is how records are shown")
  func shownFormats() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a, \"b\"\n")
    let csv = try await scratch.mapred("run", "terasort", "in.txt", "--format", "csv")
    #expect(csv.text == "value\r\n\"a, \"\"b\"\"\"\r\n")
    let json = try await scratch.mapred("run", "terasort", "in.txt", "--format", "jsonl")
    #expect(json.text == "\"a, \\\"b\\\"\"\n")
  }

  @Test("The number of threads changes nothing", arguments: ["1", "2", "7"])
  func threads(_ count: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", String(repeating: Self.input, count: 40_000))
    for job in ["wordcount", "terasort"] {
      let one = try await scratch.mapred("run", job, "in.txt", "-o", job)
      let many = try await scratch.mapred(
        "run", job, "in.txt", "-o", "\(job)-t", "--threads", count)
      expectSuccess(one)
      expectSuccess(many)
      let result = job == "terasort" ? "sorted" : job
      let part = "\(result)/part-00000.run"
      #expect(try scratch.read("\(job)/\(part)") == scratch.read("\(job)-t/\(part)"))
    }
  }

  @Test("-o saves a directory for each result, with its description")
  func saved() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    let outcome = try await scratch.mapred("run", "grep", "the", "in.txt", "-o", "out")
    expectSuccess(outcome)
    #expect(outcome.data.isEmpty)
    #expect(outcome.words.contains("out/lines"))
    #expect(try scratch.names() == ["in.txt", "out"])
    #expect(try scratch.names(in: "out") == ["count", "lines"])
    #expect(try scratch.names(in: "out/count") == ["_result.json", "part-00000.run"])
    let manifest = String(decoding: try scratch.read("out/count/_result.json"), as: UTF8.self)
    let fields = try #require(JSON.parse(manifest) as? JSON.Object)
    #expect(fields["result"] as? String == "count")
    #expect(fields["job"] as? String == "grep")
    #expect(fields["format"] as? String == "runs")
    #expect(fields["records"] as? Double == 1)
    #expect((fields["digest"] as? String)?.count == 16)
  }

  @Test(
    "-o with --format saves text",
    arguments: [
      ("lines", "txt", "and\t1\ncat\t1\ndog\t1\nend\t1\nthe\t3\n"),
      ("csv", "csv", "key,value\r\nand,1\r\ncat,1\r\ndog,1\r\nend,1\r\nthe,3\r\n"),
      (
        "jsonl", "jsonl",
        """
        {"key":"and","value":1}
        {"key":"cat","value":1}
        {"key":"dog","value":1}
        {"key":"end","value":1}
        {"key":"the","value":3}

        """
      ),
    ])
  func savedText(_ format: String, _ ending: String, _ text: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    let outcome = try await scratch.mapred(
      "run", "wordcount", "in.txt", "-o", "out", "--format", format)
    expectSuccess(outcome)
    let saved = try scratch.read("out/wordcount/part-00000.\(ending)")
    #expect(String(decoding: saved, as: UTF8.self) == text)
    #expect(
      try scratch.names(in: "out/wordcount") == ["_result.json", "part-00000.\(ending)"])
  }

  @Test("An output directory may have slashes at its end and lie elsewhere")
  func places() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    try scratch.makeDirectory("deep/er")
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "deep/er/out//"))
    #expect(try scratch.names(in: "deep/er") == ["out"])
    let absolute = "\(scratch.path)/other"
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", absolute))
    #expect(try scratch.names(in: "other") == ["wordcount"])
  }

  @Test("What a killed run left behind is removed by the next one to the same place")
  func leftovers() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", Self.input)
    // Above the largest process identifier there can be.
    try scratch.makeDirectory(".out.mapred-4999999/wordcount")
    try scratch.write(".out.mapred-4999999/wordcount/part-00000.run", "half")
    // Another run that is still at work, and what belongs to somebody else.
    let running = ".out.mapred-\(ProcessInfo.processInfo.processIdentifier)"
    try scratch.makeDirectory(running)
    try scratch.makeDirectory(".out.mapred-x")
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "out"))
    #expect(try scratch.names() == [".out.mapred-x", running, "in.txt", "out"].sorted())
  }

  @Test("Paths, globs and directories are read in order, hidden files are not")
  func inputs() async throws {
    let scratch = try Scratch()
    try scratch.makeDirectory("in/inner")
    try scratch.write("in/2.txt", "b\n")
    try scratch.write("in/1.txt", "a\n")
    try scratch.write("in/.hidden", "h\n")
    try scratch.write("in/inner/3.txt", "c\n")
    try scratch.write("x[1].txt", "x\n")
    for (input, expected) in [
      (["in"], "a\nb\n"), (["in/"], "a\nb\n"), (["in/*.txt"], "a\nb\n"),
      (["in/2.txt", "in/1.txt"], "b\na\n"), (["in/?.txt", "in/*/*"], "a\nb\nc\n"),
      (["x[1].txt"], "x\n"),
    ] {
      let outcome = try await scratch.start(
        ["run", "throws-at", "never"] + input, executable: Scratch.faultyJobs
      ).outcome()
      expectSuccess(outcome)
      #expect(outcome.text == expected, "\(input)")
    }
  }
}
