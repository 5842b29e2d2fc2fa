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

  /// Each with its place, and whether it is one of the faulty ones: those that count, and that have
  /// several stages and results.
  static let jobs: [(job: [String], place: String, isFaulty: Bool)] = [
    (["wordcount", "in.txt"], "local:3", false), (["terasort", "in.txt"], "local:1", false),
    (["counts", "in.txt"], "local:2", true), (["chained", "in.txt"], "local:1", true),
  ]

  @Test("A job leaves the same bytes and says the same as in one process", arguments: jobs)
  func equal(_ job: [String], _ on: String, _ isFaulty: Bool) async throws {
    let executable = isFaulty ? Scratch.faultyJobs : Scratch.mapred
    let inline = try await run(job + ["-o", "inline"], executable: executable)
    let there = try await run(job + ["--on", on, "-o", "inline2"], executable: executable)
    expectSuccess(inline)
    expectSuccess(there)
    let files = try files("inline")
    #expect(!files.isEmpty)
    #expect(try files == self.files("inline2"))
    let words = Self.said(there).map { $0.replacing("inline2/", with: "inline/") }
    #expect(words == Self.said(inline))
    #expect(place.names.isEmpty)
    #expect(place.processes.isEmpty)
  }

  @Test("Records are shown as in one process, and the summary has the same numbers")
  func shown() async throws {
    let inline = try await run(["wordcount", "in.txt", "--json", "--limit", "5"])
    let there = try await run(["wordcount", "--on=local:1", "in.txt", "--json", "--limit", "5"])
    expectSuccess(there)
    #expect(there.lines.count == 6)
    #expect(there.lines.dropLast() == inline.lines.dropLast())
    #expect(try Self.numbers(there) == Self.numbers(inline))
  }

  /// The last document, but how long it took.
  private static func numbers(_ outcome: Outcome) throws -> String {
    let line = try #require(outcome.lines.last)
    return line.replacing(/"seconds":[0-9.e-]+/, with: "")
  }

  @Test("Options of the job and of run are told apart, wherever they stand")
  func arguments() async throws {
    let inline = try await run(["wordcount", "--min-length", "4", "in.txt", "-q", "-o", "a"])
    expectSuccess(inline)
    let there = try await run([
      "wordcount", "-o", "b", "--min-length=4", "--on", "local:1", "-q", "--", "in.txt",
    ])
    expectSuccess(there)
    #expect(there.words.isEmpty)
    #expect(try files("a") == files("b"))
  }

  @Test("A failing job has the exit code and the words that it has in one process")
  func failing() async throws {
    try scratch.write("bad.txt", "fine\nbad\n")
    for more in [["bad.txt", "--as-bad-input"], ["missing.txt"]] {
      let job = ["throws-at", "bad"] + more + ["-o", "out"]
      let inline = try await run(job, executable: Scratch.faultyJobs)
      let there = try await run(job + ["--on", "local:1"], executable: Scratch.faultyJobs)
      #expect(there.code == inline.code)
      #expect(Self.said(there) == Self.said(inline))
      #expect(try scratch.names() == ["bad.txt", "in.txt"])
    }
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

  @Test("What cannot run there is told")
  func refused() async throws {
    let piped = try await run(["wordcount", "-", "--on", "local:1"])
    #expect(piped.code != 0)
    #expect(piped.words.contains("standard input"))
    expectFailure(
      try await run(["wordcount", "in.txt", "--on", "cluster"]), 69, naming: "no cluster", "up -d")
    expectFailure(
      try await run(["wordcount", "in.txt", "--on", "\(place.path)/none.sock"]), 69,
      naming: "none.sock")
    #expect(try await run(["wordcount", "in.txt", "--on", "somewhere"]).code == 64)
    #expect(try await run(["wordcount", "in.txt", "--on", "local:0"]).code == 64)
  }
}
