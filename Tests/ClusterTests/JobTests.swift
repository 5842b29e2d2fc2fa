// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// Jobs on real nodes, with executors of their own.
@Suite struct JobTests {
  /// Executors run as the test's user: the input lies in a directory of its own. Silence is borne
  /// for long, as none of these nodes is only silent.
  private static let jobs = [
    "--set", "layout.shards=3", "--set", "layout.replicas=2", "--set", "executor.slots=1",
    "--set", "executor.user=root",
  ]

  /// A cluster of nodes with shards.
  private static func founded(
    _ count: Int, over transport: String, _ body: (Cluster) async throws -> Void
  ) async throws {
    let patient = ["--set", "membership.suspect-after=10s"]
    let arguments = patient + ["--transport", transport] + jobs
    try await Cluster.with(arguments) { cluster in
      for number in 1...count { try await cluster.join("n\(number)") }
      try await cluster.agree()
      try await body(cluster)
    }
  }

  /// Some text whose words repeat, a few of them in every line.
  private static func text(lines: Int) -> String {
    var text = ""
    for line in 0..<lines {
      text += "the word \(line % 997) stands in line \(line % 7) of \(line % 13)\n"
    }
    return text
  }

  private static func mapred(_ arguments: [String]) async throws -> String {
    let run = try await CommandRun.mapred(arguments)
    guard run.code == 0 else { throw Waiting.Failure("\(arguments) ended with \(run)") }
    return run.output
  }

  /// What the inline engine makes of the same job, line by line in no order.
  private static func inline(_ job: [String]) async throws -> [Substring] {
    let output = try await mapred(["run"] + job + ["--limit", "1000000", "--quiet"])
    return output.split(separator: "\n").sorted()
  }

  private static func shown(_ name: String, _ socket: String) async throws -> [Substring] {
    try await mapred(["show", name, "--socket", socket]).split(separator: "\n").sorted()
  }

  @Test("A job has the result that it has in one process", arguments: ["shm", "tcp"])
  func sameResult(_ transport: String) async throws {
    try await Self.founded(3, over: transport) { cluster in
      let path = cluster.path("text")
      try Self.text(lines: 20_000).write(toFile: path, atomically: true, encoding: .utf8)
      let inline = try await Self.inline(["wordcount", path])
      #expect(inline.count == 1003)
      for name in cluster.names {
        let submitted = try await Self.mapred(
          ["submit", "--socket", cluster.socket(name), "--wait", "wordcount", path])
        #expect(submitted.contains("committed"))
      }
      for name in cluster.names {
        #expect(try await Self.shown("wordcount", cluster.socket(name)) == inline)
        #expect(try await Self.shown("wordcount@1", cluster.socket(name)) == inline)
      }
      let log = try await Self.mapred(["log", "wordcount", "--socket", cluster.socket("n2")])
      #expect(log.split(separator: "\n").count == 3)
    }
  }

  @Test("A node that is killed in the middle of a job costs the job nothing", arguments: [2, 3])
  func killed(_ number: Int) async throws {
    try await Self.founded(3, over: "shm") { cluster in
      let path = cluster.path("text")
      try Self.text(lines: 600_000).write(toFile: path, atomically: true, encoding: .utf8)
      let inline = try await Self.inline(["wordcount", path])
      let id = try await Self.mapred(
        ["submit", "--socket", cluster.socket("n1"), "wordcount", path])
      let job = id.trimmingCharacters(in: .whitespacesAndNewlines)
      // Not before it runs.
      var status = "queued"
      for _ in 0..<1000 where status.contains("queued") {
        status = try await Self.mapred(["status", job, "--socket", cluster.socket("n1")])
      }
      #expect(status.contains("running"))
      try cluster.node("n\(number)").signal(SIGKILL)
      let outcome = try await Self.mapred(["wait", job, "--socket", cluster.socket("n1")])
      #expect(outcome.contains("committed"))
      #expect(try await Self.shown("wordcount", cluster.socket("n1")) == inline)
    }
  }

  @Test("A job that fails says why, and leaves nothing")
  func failed() async throws {
    try await Self.founded(2, over: "shm") { cluster in
      let missing = cluster.path("missing")
      let run = try await CommandRun.mapred([
        "submit", "--socket", cluster.socket("n1"), "--wait", "wordcount", missing,
      ])
      #expect(run.code == 66)
      #expect(run.words.contains(missing))
      let results = try await Self.mapred(["results", "--socket", cluster.socket("n2")])
      #expect(results.isEmpty)
      let jobs = try await Self.mapred(["jobs", "--socket", cluster.socket("n2")])
      #expect(jobs.contains("failed"))
    }
  }
}
