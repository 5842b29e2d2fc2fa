// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Outputs that cannot be written")
struct OutputTests {
  /// A directory with `in.txt`.
  private static func scratch() throws -> Scratch {
    let scratch = try Scratch()
    try scratch.write("in.txt", "b\na\n")
    return scratch
  }

  @Test("An output that exists is left as it is", arguments: ["out", "out/", "file", "link"])
  func exists(_ output: String) async throws {
    let scratch = try Self.scratch()
    try scratch.makeDirectory("out")
    try scratch.write("out/mine", "keep")
    try scratch.write("file", "keep")
    try FileManager.default.createSymbolicLink(
      atPath: "\(scratch.path)/link", withDestinationPath: "nowhere")
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", "-o", output)
    expectFailure(outcome, 73, naming: output.filter { $0 != "/" }, "exists already")
    #expect(try scratch.names() == ["file", "in.txt", "link", "out"])
    #expect(try scratch.names(in: "out") == ["mine"])
    #expect(try scratch.read("file") == Data("keep".utf8))
  }

  @Test("An output in a place that is not there is refused before the job runs")
  func missingParent() async throws {
    let scratch = try Self.scratch()
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", "-o", "no/out")
    expectFailure(outcome, 73, naming: "no/out", "mkdir -p no")
    // A stage that ran would have been reported.
    #expect(!outcome.words.contains("stage 1"))
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("An output inside of a file is refused, and the reason is right")
  func parentIsAFile() async throws {
    let scratch = try Self.scratch()
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", "-o", "in.txt/out")
    expectFailure(outcome, 73, naming: "in.txt/out", "Not a directory")
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("An output needs a name", arguments: ["", ".", "..", "/", "//"])
  func names(_ output: String) async throws {
    let scratch = try Self.scratch()
    let outcome = try await scratch.mapred("run", "wordcount", "in.txt", "-o", output)
    expectFailure(outcome, 64, naming: "\"\(output)\"")
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test(
    "An output in a directory that may not be written",
    .enabled(if: Privileges.canBeDropped, "root writes everywhere, and setpriv is missing"))
  func unwritableParent() async throws {
    let scratch = try Self.scratch()
    try scratch.makeDirectory("closed")
    try Privileges.closeForWriting("\(scratch.path)/closed")
    let outcome = try await Privileges.run(
      ["run", "wordcount", "in.txt", "-o", "closed/out"], in: scratch)
    expectFailure(outcome, 73, naming: "closed/out", "Permission denied")
    #expect(try scratch.names(in: "closed").isEmpty)
  }

  @Test(
    "A disk that is full: the error says so, and everything is removed again",
    .enabled(if: Privileges.canMount, "no user namespace in which to mount a small disk"),
    arguments: [
      "", "--format lines", "--format lines --files 5", "--format csv --file-size 1MiB",
    ] + (Built.hasGzip ? ["--format lines --compress gzip"] : []))
  func fullDisk(_ format: String) async throws {
    let scratch = try Self.scratch()
    try scratch.makeDirectory("disk")
    let child = try scratch.start(
      [
        "--map-root-user", "--mount", "/bin/bash", "-c",
        """
        mount -t tmpfs -o size=1m none disk || exit 99
        "$mapred" run teragen 200000 -o disk/out \(format)
        code=$?
        ls -A disk
        exit $code
        """,
      ], executable: "/usr/bin/unshare", environment: ["mapred": Scratch.mapred])
    let outcome = await child.outcome()
    #expect(outcome.code == 73, "\(outcome.words)")
    #expect(outcome.text.isEmpty, "left on the disk: \(outcome.text)")
    #expect(outcome.words.contains("No space left on device"))
    #expect(outcome.words.contains("disk/"))
    #expect(outcome.words.contains("make room"))
  }

  @Test(
    "Standard output that takes no more is an error",
    arguments: [
      ["run", "wordcount", "in.txt", "-q"], ["list"], ["version"], ["get", "out/wordcount"],
      ["explain", "wordcount", "in.txt"],
    ])
  func fullStandardOutput(_ arguments: [String]) async throws {
    let scratch = try Self.scratch()
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "out"))
    let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
    let outcome = try await scratch.start(arguments, standardOutput: full).outcome()
    expectFailure(outcome, 73, naming: "standard output", "No space left on device")
  }

  @Test("Two runs to one place: one appears whole, the other is an error")
  func race() async throws {
    let scratch = try Self.scratch()
    for name in ["one", "two"] { try scratch.makePipe(name) }
    let first = try scratch.start(["run", "wordcount", "in.txt", "one", "-o", "out"])
    let second = try scratch.start(["run", "wordcount", "two", "-o", "out"])
    // Both have found the place free; the first one ends first.
    let one = try await scratch.openPipe("one", readBy: first)
    let two = try await scratch.openPipe("two", readBy: second)
    try one.close()
    expectSuccess(await first.outcome())
    try two.write(contentsOf: Data("z\n".utf8))
    try two.close()
    expectFailure(await second.outcome(), 73, naming: "out exists already")
    #expect(try scratch.names() == ["in.txt", "one", "out", "two"])
    #expect(try await scratch.mapred("get", "out/wordcount").text == "a\t1\nb\t1\n")
  }
}
