// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Odd and bad input")
struct InputTests {
  @Test("A path that does not exist", arguments: ["missing.txt", "no/such/dir", "in.txt/inner"])
  func missing(_ path: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a\n")
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", path, "-o", "out")
    expectFailure(outcome, 66, naming: path)
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("A glob without a match")
  func emptyGlob() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("run", "wordcount", "*.log", "-o", "out")
    expectFailure(outcome, 66, naming: "*.log")
    #expect(try scratch.names().isEmpty)
  }

  @Test(
    "A path that may not be read",
    .enabled(if: Privileges.canBeDropped, "root reads everything, and setpriv is missing"))
  func unreadable() async throws {
    let scratch = try Scratch()
    try scratch.write("secret.txt", "a\n")
    try scratch.makeDirectory("closed")
    for name in ["secret.txt", "closed"] {
      try Privileges.close("\(scratch.path)/\(name)")
      let outcome = try await Privileges.run(
        ["run", "wordcount", name, "-o", "out"], in: scratch)
      expectFailure(outcome, 66, naming: name, "Permission denied")
    }
    #expect(try scratch.names() == ["closed", "secret.txt"])
  }

  @Test("Nothing at all is an empty result", arguments: ["empty.txt", "hollow", "/dev/null"])
  func empty(_ input: String) async throws {
    let scratch = try Scratch()
    try scratch.write("empty.txt", "")
    try scratch.makeDirectory("hollow")
    let outcome = try await scratch.mapred("run", "wordcount", input, "-o", "out")
    expectSuccess(outcome)
    let result = try await scratch.mapred("get", "out/wordcount")
    expectSuccess(result)
    #expect(result.data.isEmpty)
  }

  @Test(
    "Line ends do not matter, nor does a missing last one",
    arguments: ["b\na\n", "b\na", "b\r\na\r\n", "b\r\na"])
  func lineEnds(_ text: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", text)
    let file = try await scratch.mapred("run", "terasort", "in.txt")
    #expect(file.text == "a\nb\n")
    let stream = try await scratch.mapred("run", "terasort", "-", standardInput: "in.txt")
    #expect(stream.text == "a\nb\n")
  }

  @Test("Empty lines and carriage returns inside of a line are data")
  func emptyLines() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "\n\nb\rc\n\n")
    let outcome = try await scratch.mapred("run", "terasort", "in.txt")
    #expect(outcome.text == "\n\n\nb\rc\n")
  }

  @Test("NUL bytes and bytes that are not UTF-8 stay as they are")
  func bytes() async throws {
    let scratch = try Scratch()
    let lines: [[UInt8]] = [[0x61, 0, 0x62], [0x80, 0xFF], [0xC3], [0xED, 0xA0, 0x80]]
    try scratch.write("in.bin", Data(lines.reversed().joined(separator: [0x0A])))
    let shown = try await scratch.mapred("run", "terasort", "in.bin", "-o", "out", "-q")
    expectSuccess(shown)
    let order = [lines[0], lines[1], lines[2], lines[3]]
    let result = try await scratch.mapred("get", "out/sorted")
    #expect(result.data == Data(order.joined(separator: [0x0A]) + [0x0A]))
    let words = try await scratch.mapred("run", "wordcount", "in.bin")
    expectSuccess(words)
    #expect(words.data.contains(0xFF))
  }

  @Test("In JSON, what is not UTF-8 is replaced")
  func repairedJSON() async throws {
    let scratch = try Scratch()
    try scratch.write("in.bin", Data([0x61, 0, 0x62, 0x0A, 0x63, 0xFF, 0x22, 0x0A]))
    let outcome = try await scratch.mapred("run", "terasort", "in.bin", "--format", "jsonl")
    expectSuccess(outcome)
    let texts = try outcome.documents().compactMap { $0 as? String }
    #expect(texts == ["a\u{0}b", "c\u{FFFD}\""])
  }

  @Test("A line of 64 MB is a record like any other", arguments: ["file", "stream"])
  func longLine(_ kind: String) async throws {
    let scratch = try Scratch()
    let count = 64_000_000
    var bytes = Data(repeating: 0x78, count: count)
    bytes.append(Data("\nshort\n".utf8))
    try scratch.write("in.txt", bytes)
    let outcome =
      kind == "file"
      ? try await scratch.mapred("run", "terasort", "in.txt", "-q")
      : try await scratch.mapred("run", "terasort", "-", "-q", standardInput: "in.txt")
    expectSuccess(outcome)
    #expect(outcome.data.count == count + 7)
    #expect(outcome.data.prefix(7) == Data("short\nx".utf8))
    #expect(outcome.data.suffix(2) == Data("x\n".utf8))
  }

  @Test("A file that shrinks while it is read is an error, and nothing appears")
  func shrinking() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    try scratch.write("big.txt", String(repeating: "some words\n", count: 100_000))
    // The pipe comes first: the file was measured before, and is read after.
    let child = try scratch.start(["run", "wordcount", "pipe", "big.txt", "-o", "out"])
    let writer = try await scratch.openPipe("pipe", readBy: child)
    let file = try #require(FileHandle(forWritingAtPath: "\(scratch.path)/big.txt"))
    try file.truncate(atOffset: 300_005)
    try file.close()
    try writer.close()
    let outcome = await child.outcome()
    expectFailure(outcome, 65, naming: "big.txt", "shorter")
    #expect(try scratch.names() == ["big.txt", "pipe"])
  }

  @Test("A file that grows is read as far as it went when the job began")
  func growing() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    try scratch.write("log.txt", "one\ntwo\n")
    let child = try scratch.start(["run", "terasort", "pipe", "log.txt"])
    let writer = try await scratch.openPipe("pipe", readBy: child)
    let file = try #require(FileHandle(forWritingAtPath: "\(scratch.path)/log.txt"))
    try file.seekToEnd()
    try file.write(contentsOf: Data("zzz\n".utf8))
    try file.close()
    try writer.close()
    let outcome = await child.outcome()
    expectSuccess(outcome)
    #expect(outcome.text == "one\ntwo\n")
  }

  @Test("A file that vanishes before its turn is an error that names it")
  func vanishing() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    try scratch.write("gone.txt", "one\n")
    let child = try scratch.start(["run", "wordcount", "pipe", "gone.txt", "-o", "out"])
    let writer = try await scratch.openPipe("pipe", readBy: child)
    try FileManager.default.removeItem(atPath: "\(scratch.path)/gone.txt")
    try writer.close()
    expectFailure(await child.outcome(), 66, naming: "gone.txt")
    #expect(try scratch.names() == ["pipe"])
  }

  @Test("Standard input can be named once")
  func twice() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("run", "wordcount", "-", "-", "-o", "out")
    expectFailure(outcome, 64, naming: "standard input (-)", "twice")
    #expect(try scratch.names().isEmpty)
  }

  @Test(
    "Standard input, a pipe and a file give the same results",
    arguments: [
      ["wordcount"], ["terasort"], ["teravalidate"], ["inverted-index"], ["grep", "7"],
      ["histogram", "--separator", "\t", "--width", "10"],
      ["sessions", "--separator", " ", "--user-field", "2", "--time-field", "2", "--gap", "5"],
      ["distinct-count", "--separator", "\t", "--field", "1"],
    ])
  func sameResults(_ job: [String]) async throws {
    let scratch = try Scratch()
    // Several splits of it, and lines that no border of a split agrees with. Quarters are exact,
    // so that their sums are, in whatever order.
    let text = (0..<40_000).map { "\($0 * 7919 % 100).\($0 % 4 * 25)\tline \($0)\n" }.joined()
    try scratch.write("in.txt", text)
    try await Self.compare(job, in: scratch)
  }

  @Test("Sums of floating-point numbers agree to the last bit, however the input comes")
  func sameSums() async throws {
    let scratch = try Scratch()
    let text = (0..<100_000).map { "\($0 * 7919 % 1000).\(100_000 + $0 * 104_729 % 899_981)\n" }
      .joined()
    try scratch.write("in.txt", text)
    try await Self.compare(["histogram", "--width", "10"], in: scratch)
  }

  /// Runs a job on `in.txt` as a file, as standard input and through a pipe.
  private static func compare(_ job: [String], in scratch: Scratch) async throws {
    try scratch.makePipe("pipe")
    func arguments(_ input: String, _ output: String) -> [String] {
      ["run", job[0]] + job.dropFirst() + [input, "-o", output, "--format", "lines"]
    }
    expectSuccess(try await scratch.start(arguments("in.txt", "file")).outcome())
    let input = try #require(FileHandle(forReadingAtPath: "\(scratch.path)/in.txt"))
    let stream = try scratch.start(arguments("-", "stream"), standardInput: input)
    expectSuccess(await stream.outcome())
    let shell = "cat in.txt > pipe & \"$mapred\" \"$@\""
    let piped = try scratch.start(
      ["-c", shell, "bash"] + arguments("pipe", "pipe-out"), executable: "/bin/bash",
      environment: ["mapred": Scratch.mapred])
    expectSuccess(await piped.outcome())
    for result in try scratch.names(in: "file") {
      let expected = try scratch.read("file/\(result)/part-00000.txt")
      #expect(!expected.isEmpty)
      for place in ["stream", "pipe-out"] {
        let found = try scratch.read("\(place)/\(result)/part-00000.txt")
        #expect(found == expected, "\(result) in \(place) differs")
      }
    }
  }
}
