// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Reading saved results")
struct GetTests {
  /// A directory with the saved result `out/wordcount`.
  private static func saved(
    _ text: String = "tea ten to inn a in tea\n", job: String = "wordcount"
  ) async throws -> Scratch {
    let scratch = try Scratch()
    try scratch.write("in.txt", text)
    expectSuccess(try await scratch.mapred("run", job, "in.txt", "-o", "out", "-q"))
    return scratch
  }

  @Test("A result is read whole, in key order, as run shows it")
  func whole() async throws {
    let scratch = try await Self.saved()
    let outcome = try await scratch.mapred("get", "out/wordcount")
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    #expect(outcome.text == "a\t1\nin\t1\ninn\t1\ntea\t2\nten\t1\nto\t1\n")
    let shown = try await scratch.mapred("run", "wordcount", "in.txt", "--limit", "100")
    #expect(shown.data == outcome.data)
  }

  @Test(
    "Records are found by key and by prefix",
    arguments: [
      (["--key", "tea"], "tea\t2\n"), (["--key", "in"], "in\t1\n"),
      (["--prefix", "te"], "tea\t2\nten\t1\n"), (["--prefix", "in"], "in\t1\ninn\t1\n"),
      (["--prefix", ""], "a\t1\nin\t1\ninn\t1\ntea\t2\nten\t1\nto\t1\n"),
      (["--prefix", "zz"], ""), (["--limit", "2"], "a\t1\nin\t1\n"), (["--limit", "0"], ""),
      (["--prefix", "t", "--limit", "1"], "tea\t2\n"),
      (["--key", "a", "--format", "csv"], "key,value\r\na,1\r\n"),
      (["--key", "a", "--format", "jsonl"], "{\"key\":\"a\",\"value\":1}\n"),
      (["--key", "a", "--json"], "{\"key\":\"a\",\"value\":1}\n"),
      (["--key", "a", "--format", "lines"], "a\t1\n"),
      (["--limit", "0", "--format", "csv"], "key,value\r\n"),
    ])
  func selections(_ options: [String], _ expected: String) async throws {
    let scratch = try await Self.saved()
    let outcome = try await scratch.start(["get", "out/wordcount"] + options).outcome()
    expectSuccess(outcome)
    #expect(outcome.text == expected)
    #expect(outcome.words.isEmpty)
  }

  @Test("A key is found among many blocks, and a prefix over their borders")
  func manyBlocks() async throws {
    let numbers = (0..<60_000).map { "n\(100_000 + $0)" }
    let scratch = try await Self.saved(numbers.joined(separator: "\n") + "\n")
    for number in [0, 1, 31_415, 59_999] {
      let found = try await scratch.mapred("get", "out/wordcount", "--key", numbers[number])
      #expect(found.text == "\(numbers[number])\t1\n")
    }
    let tens = try await scratch.mapred("get", "out/wordcount", "--prefix", "n12")
    #expect(tens.lines == (20_000..<30_000).map { "\(numbers[$0])\t1" })
    let whole = try await scratch.mapred("get", "out/wordcount")
    #expect(whole.lines == numbers.map { "\($0)\t1" })
  }

  @Test("A key that is not there is an error that names it")
  func missingKey() async throws {
    let scratch = try await Self.saved()
    let outcome = try await scratch.mapred("get", "out/wordcount", "--key", "tee")
    expectFailure(outcome, 66, naming: "wordcount", "\"tee\"")
  }

  @Test(
    "Keys of numbers are written in decimal",
    arguments: [("100", "100\t2\n"), ("0", "0\t1\n"), ("-100", "-100\t1\n")])
  func numericKeys(_ key: String, _ expected: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "5\n150\n199\n-1\n")
    _ = try await scratch.mapred("run", "histogram", "in.txt", "--width", "100", "-o", "out")
    let outcome = try await scratch.mapred("get", "out/histogram", "--key=\(key)")
    expectSuccess(outcome)
    #expect(outcome.text == expected)
    let wrong = try await scratch.mapred("get", "out/histogram", "--key", "many")
    expectFailure(wrong, 64, naming: "\"many\"", "double")
  }

  @Test("A result without keys is read whole, and by key not at all")
  func noKeys() async throws {
    let scratch = try await Self.saved("b\na\n", job: "teravalidate")
    expectSuccess(try await scratch.mapred("get", "out/validation"))
    for option in ["--key", "--prefix"] {
      let outcome = try await scratch.mapred("get", "out/validation", option, "a")
      expectFailure(outcome, 64, naming: "validation", "no keys")
    }
  }

  @Test("What is no result is told apart", arguments: ["./nothing", "./out", "text/wordcount"])
  func notAResult(_ directory: String) async throws {
    let scratch = try await Self.saved()
    _ = try await scratch.mapred(
      "run", "wordcount", "in.txt", "-o", "text", "--format", "csv")
    let outcome = try await scratch.mapred("get", directory)
    expectFailure(outcome, directory.hasPrefix("text") ? 65 : 66, naming: directory)
  }

  @Test("What is saved and does not fit into memory goes to scratch")
  func memory() async throws {
    let scratch = try Scratch()
    expectSuccess(try await scratch.mapred("run", "teragen", "350000", "-o", "made", "-q"))
    let saving = ["get", "made/lines", "-o", "out", "--memory", "64MiB", "--scratch"]
    let refused = try await scratch.start(saving + ["missing"]).outcome()
    expectFailure(refused, 73, naming: "missing", "--scratch DIR")
    expectSuccess(try await scratch.start(saving + ["."]).outcome())
    #expect(try scratch.names() == ["made", "out"])
    let shown = try await scratch.mapred("get", "made/lines")
    #expect(shown.data.count == 35_000_000)
    #expect(try scratch.read("out/lines/part-00000.txt") == shown.data)

    let small = try await scratch.mapred(
      "get", "made/lines", "-o", "more", "--memory", "1MiB")
    expectFailure(small, 64, naming: "1.0 MiB", "--memory 64MiB")
    let idle = try await scratch.mapred("get", "made/lines", "--memory", "1GiB")
    expectFailure(idle, 64, naming: "--memory and --scratch are for what is saved")
  }

  @Test("What has no slash is a result of a cluster")
  func ofCluster() async throws {
    let scratch = try await Self.saved()
    let socket = "\(scratch.path)/none.sock"
    let outcome = try await scratch.mapred("get", "out", "--socket", socket)
    expectFailure(outcome, 69, naming: socket, "./out")
    let both = try await scratch.mapred("get", "./out", "--as-of", "2026-11-23T10:14:03Z")
    expectFailure(both, 64, naming: "--as-of", "./out")
    let instant = try await scratch.mapred("get", "out", "--as-of", "yesterday")
    expectFailure(instant, 64, naming: "yesterday")
  }

  @Test("A result that lost its end, or a bit of which changed, is an error that names its file")
  func damaged() async throws {
    let scratch = try await Self.saved()
    let part = "out/wordcount/part-00000.run"
    let whole = try scratch.read(part)
    for length in [0, 10, whole.count / 2, whole.count - 1] {
      try scratch.write(part, whole.prefix(length))
      expectFailure(try await scratch.mapred("get", "out/wordcount"), 65, naming: part)
    }
    // In a block: the records stand between header and index.
    let record = try #require(whole.range(of: Data("inn".utf8)))
    var changed = whole
    changed[record.lowerBound] ^= 1
    try scratch.write(part, changed)
    expectFailure(try await scratch.mapred("get", "out/wordcount"), 65, naming: part)
    // Behind the blocks: the index, and the footer's digest is not read by get.
    changed = whole
    changed[whole.count - 30] ^= 1
    try scratch.write(part, changed)
    expectFailure(try await scratch.mapred("get", "out/wordcount"), 65, naming: part)
    // Put back, it is read again.
    try scratch.write(part, whole)
    expectSuccess(try await scratch.mapred("get", "out/wordcount"))
  }

  @Test("A reader that goes away ends the command without an error")
  func readerLeaves() async throws {
    let numbers = (0..<100_000).map { "n\(100_000 + $0)" }
    let scratch = try await Self.saved(numbers.joined(separator: " "))
    let outcome = try await scratch.shell(
      "\"$mapred\" get out/wordcount | head -1; echo ${PIPESTATUS[0]}")
    #expect(outcome.text == "n100000\t1\n0\n")
    #expect(outcome.words.isEmpty)
  }

  @Test(
    "No verb minds that its reader is gone",
    arguments: [
      "list", "list --json", "version", "explain wordcount in.txt", "run wordcount in.txt -q",
      "run wordcount in.txt --json", "get out/wordcount", "--help",
    ])
  func readerGone(_ arguments: String) async throws {
    let scratch = try await Self.saved()
    // The pipe's reader is gone before the command begins.
    let outcome = try await scratch.shell(
      """
      exec 3> >(exec true)
      wait $!
      "$mapred" \(arguments) >&3
      echo $?
      """)
    #expect(outcome.text == "0\n")
    #expect(outcome.words.isEmpty)
  }
}
