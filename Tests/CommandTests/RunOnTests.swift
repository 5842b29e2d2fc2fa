// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite("Jobs on a cluster that lives for them alone", .serialized)
struct RunOnTests {
  private let scratch: Scratch
  private let place: RuntimePlace

  init() throws {
    scratch = try Scratch()
    place = try RuntimePlace()
    var text = ""
    for line in 0..<20_000 { text += "the word \(line % 997) stands in line \(line % 7)\n" }
    try scratch.write("in.txt", text)
  }

  private func run(
    _ arguments: [String], executable: String = Scratch.mapred
  ) async throws -> Outcome {
    try await scratch.start(
      ["run"] + arguments, executable: executable, environment: place.environment
    ).outcome()
  }

  /// All files below a directory, and what is in them.
  private func files(_ directory: String) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for name in try scratch.names(in: directory) {
      for part in try scratch.names(in: "\(directory)/\(name)") {
        found["\(name)/\(part)"] = try scratch.read("\(directory)/\(name)/\(part)")
      }
    }
    return found
  }

  /// What was said of results and counters: not how long it took.
  private static func said(_ outcome: Outcome) -> [String] {
    outcome.words.split(separator: "\n").map(String.init)
      .filter { line in
        !["done in ", "stage ", " after ", "submits ", "reads "].contains { line.contains($0) }
      }
  }

  /// The summary as a document, but how long things took and where they lie.
  private static func numbers(_ outcome: Outcome) throws -> String {
    let line = try #require(outcome.lines.last)
    return line.replacing(/"(seconds|path)":("[^"]*"|[0-9.e-]+)/, with: "")
  }

  /// A job with options of its own among those of `run`, in one process and on a cluster.
  struct Case: Sendable {
    let inline: [String]
    let there: [String]
    var isFaulty = false
  }

  private static let sessions = [
    "--separator", " ", "--user-field", "7", "--time-field", "3", "--gap", "2",
  ]

  static let cases = [
    Case(
      inline: ["wordcount", "--min-length", "4", "in.txt"],
      there: ["wordcount", "--on", "local:3", "--min-length=4", "--", "in.txt"]),
    Case(inline: ["terasort", "in.txt"], there: ["terasort", "in.txt", "--on=local:1"]),
    Case(
      inline: ["sessions", "in.txt"] + sessions,
      there: ["sessions", "--on", "local:3", "in.txt"] + sessions),
    // Those that count, and that have several stages and results.
    Case(
      inline: ["counts", "in.txt"], there: ["counts", "--on", "local:2", "in.txt"],
      isFaulty: true),
    Case(
      inline: ["chained", "in.txt"], there: ["chained", "--on", "local:1", "in.txt"],
      isFaulty: true),
  ]

  @Test("A job leaves the same bytes and says the same as in one process", arguments: cases)
  func equal(_ one: Case) async throws {
    let executable = one.isFaulty ? Scratch.faultyJobs : Scratch.mapred
    // In front of the others, as two dashes may stand there.
    func saving(_ job: [String], _ name: String, _ more: [String]) -> [String] {
      [job[0], "-o", name] + more + job.dropFirst()
    }
    let more = one.isFaulty ? [] : ["--json"]
    let inline = try await run(saving(one.inline, "inline", more), executable: executable)
    let there = try await run(saving(one.there, "there", more), executable: executable)
    expectSuccess(inline)
    expectSuccess(there)
    let files = try files("inline")
    #expect(!files.isEmpty)
    #expect(try files == self.files("there"))
    #expect(
      Self.said(there).map { $0.replacing("there/", with: "inline/") } == Self.said(inline))
    if !one.isFaulty { #expect(try Self.numbers(there) == Self.numbers(inline)) }
    #expect(place.names.isEmpty)
    #expect(place.processes.isEmpty)
  }

  @Test("A job that is larger than the memory of its nodes leaves the same bytes")
  func larger() async throws {
    var text = ""
    for line in 0..<160_000 {
      text += "\(line &* 7919 % 1_000_003) is what stands in line \(line), and some more of it\n"
    }
    try scratch.write("large.txt", text)
    func saving(_ name: String, _ more: String...) async throws -> Outcome {
      try await run(["terasort", "large.txt", "-o", name, "--json"] + more)
    }
    let up = try await scratch.start(
      ["up", "-d", "-q", "--nodes", "2", "--set", "memory.limit=16MiB"],
      environment: place.environment
    ).outcome()
    expectSuccess(up)
    let there = try await saving("there", "--on", "cluster")
    expectSuccess(there)
    expectSuccess(try await saving("inline"))
    #expect(try files("there") == files("inline"))
    let spilled = try #require(there.text.firstMatch(of: /"spilled_bytes":([0-9]+)/)?.1)
    // Two replicas hold twice what there is, and 4 MiB of it each in memory.
    #expect(try #require(Int(spilled)) > 8 << 20)
    let status = try await scratch.start(["status", "j-1"], environment: place.environment)
      .outcome()
    #expect(status.text.contains("spilled  "))
    expectSuccess(try await scratch.start(["down"], environment: place.environment).outcome())
    #expect(place.processes.isEmpty)
  }

  @Test("Memory and scratch reach the nodes that a run starts")
  func memory() async throws {
    let little = try await run(["wordcount", "in.txt", "--on", "local:2", "--memory", "128MiB"])
    expectFailure(little, 64, naming: "2 nodes", "192.0 MiB", "--on local:N")
    let fits = try await run(
      ["wordcount", "in.txt", "--on", "local:1", "--memory", "128MiB", "--scratch", "/nowhere"])
    expectSuccess(fits)
    let elsewhere = try await run([
      "wordcount", "in.txt", "--on", "cluster", "--scratch", "/var/tmp",
    ])
    expectFailure(elsewhere, 64, naming: "memory.limit", "memory.scratch")
  }

  @Test("A failing job has the exit code and the words that it has in one process")
  func failing() async throws {
    try scratch.write("bad.txt", "fine\nbad\n")
    let job = ["throws-at", "bad", "bad.txt", "--as-bad-input", "-o", "out"]
    let inline = try await run(job, executable: Scratch.faultyJobs)
    let there = try await run(job + ["--on", "local:1"], executable: Scratch.faultyJobs)
    #expect(there.code == inline.code)
    #expect(Self.said(there) == Self.said(inline))
    #expect(try scratch.names() == ["bad.txt", "in.txt"])
    #expect(place.processes.isEmpty)
  }

  @Test("^C cancels the job: nothing is visible, and no node is left")
  func interrupted() async throws {
    let child = try scratch.start(
      ["run", "hangs", "in.txt", "--on", "local:2", "-o", "out"],
      executable: Scratch.faultyJobs, environment: place.environment)
    try await eventually("the job runs") { () -> Void? in
      guard child.isRunning else { throw Child.Failure(description: "the run has ended") }
      guard let socket = place.runSockets.first else { return nil }
      return FileManager.default.fileExists(atPath: socket) ? () : nil
    }
    var status = ""
    for _ in 0..<600 where !status.contains("running") {
      let jobs = try await scratch.start(["jobs", "--socket", place.runSockets[0]]).outcome()
      status = jobs.text
    }
    #expect(status.contains("running"))
    child.signal(SIGINT)
    let outcome = await child.outcome()
    expectFailure(outcome, 130, naming: "interrupted", "nothing became visible", "^C again")
    #expect(try scratch.names() == ["in.txt"])
    #expect(place.names.isEmpty)
    try await eventually("no node is left") { place.processes.isEmpty ? () : nil }
  }

  @Test("No node outlives a run that is killed, and the next run removes what it left")
  func killed() async throws {
    let child = try scratch.start(
      ["run", "hangs", "in.txt", "--on", "local:2"], executable: Scratch.faultyJobs,
      environment: place.environment)
    try await eventually("a node listens") { () -> Void? in
      guard child.isRunning else { throw Child.Failure(description: "the run has ended") }
      guard let socket = place.runSockets.first else { return nil }
      return FileManager.default.fileExists(atPath: socket) ? () : nil
    }
    child.signal(SIGKILL)
    #expect(await child.outcome().signal == SIGKILL)
    try await eventually("no node is left") { place.processes.isEmpty ? () : nil }
    #expect(place.names.count == 1)
    let there = try await run(["wordcount", "missing.txt", "--on", "local:1"])
    let inline = try await run(["wordcount", "missing.txt"])
    #expect(there.code == inline.code)
    #expect(Self.said(there) == Self.said(inline))
    #expect(place.names.isEmpty)
  }

  @Test("What cannot run there is told")
  func refused() async throws {
    expectFailure(
      try await run(["wordcount", "-", "--on", "local:1"]), 64, naming: "standard input", "--on")
    expectFailure(
      try await run(["wordcount", "in.txt", "--on", "cluster"]), 69, naming: "no cluster", "up -d")
    expectFailure(
      try await run(["wordcount", "in.txt", "--on", "\(place.path)/none.sock"]), 69,
      naming: "none.sock")
    #expect(try await run(["wordcount", "in.txt", "--on", "somewhere"]).code == 64)
    #expect(try await run(["wordcount", "in.txt", "--on", "local:0"]).code == 64)
  }
}
