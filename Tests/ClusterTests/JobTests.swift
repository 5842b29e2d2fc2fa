// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// Jobs on real nodes, with executors of their own.
@Suite struct JobTests {
  @Test("A job has the result that it has in one process", arguments: ["shm", "tcp"])
  func sameResult(_ transport: String) async throws {
    try await JobCluster.founded(3, over: transport) { cluster in
      let path = cluster.path("text")
      try JobCluster.text(lines: 20_000).write(toFile: path, atomically: true, encoding: .utf8)
      let inline = try await JobCluster.inline(["wordcount", path])
      #expect(inline.count == 1003)
      for name in cluster.names {
        let submitted = try await JobCluster.mapred(
          ["submit", "--socket", cluster.socket(name), "--wait", "wordcount", path])
        #expect(submitted.contains("committed"))
      }
      for name in cluster.names {
        #expect(try await JobCluster.shown("wordcount", cluster.socket(name)) == inline)
        #expect(try await JobCluster.shown("wordcount@1", cluster.socket(name)) == inline)
      }
      let log = try await JobCluster.mapred(["log", "wordcount", "--socket", cluster.socket("n2")])
      #expect(log.split(separator: "\n").count == 3)
    }
  }

  @Test("A node that is killed in the middle of a job costs the job nothing", arguments: [2, 3])
  func killed(_ number: Int) async throws {
    try await JobCluster.founded(3, over: "shm") { cluster in
      let path = cluster.path("text")
      try JobCluster.text(lines: 600_000).write(toFile: path, atomically: true, encoding: .utf8)
      let inline = try await JobCluster.inline(["wordcount", path])
      var job = ""
      var status = ""
      // Not before it runs; on a busy machine a job may be over before anybody is told so.
      for _ in 0..<20 where !status.contains("running") {
        let id = try await JobCluster.mapred(
          ["submit", "--socket", cluster.socket("n1"), "wordcount", path])
        job = id.trimmingCharacters(in: .whitespacesAndNewlines)
        status = "queued"
        for _ in 0..<1000 where status.contains("queued") {
          status = try await JobCluster.mapred(["status", job, "--socket", cluster.socket("n1")])
        }
      }
      #expect(status.contains("running"))
      try cluster.node("n\(number)").signal(SIGKILL)
      let outcome = try await JobCluster.mapred(["wait", job, "--socket", cluster.socket("n1")])
      #expect(outcome.contains("committed"))
      #expect(try await JobCluster.shown("wordcount", cluster.socket("n1")) == inline)
    }
  }

  @Test("A job that fails says why, and leaves nothing")
  func failed() async throws {
    try await JobCluster.founded(2, over: "shm") { cluster in
      let missing = cluster.path("missing")
      let run = try await CommandRun.mapred([
        "submit", "--socket", cluster.socket("n1"), "--wait", "wordcount", missing,
      ])
      #expect(run.code == 66)
      #expect(run.words.contains(missing))
      let results = try await JobCluster.mapred(["results", "--socket", cluster.socket("n2")])
      #expect(results.isEmpty)
      let jobs = try await JobCluster.mapred(["jobs", "--socket", cluster.socket("n2")])
      #expect(jobs.contains("failed"))
    }
  }

  @Test("A job reads the result of an earlier one, in the version that is asked for")
  func earlier() async throws {
    try await JobCluster.founded(3, over: "shm") { cluster in
      let path = cluster.path("text")
      func submit(_ job: [String]) async throws -> String {
        let socket = cluster.socket(cluster.names[job.count % 3])
        let told = try await JobCluster.mapred(["submit", "--socket", socket, "--wait"] + job)
        return String(told.split(separator: "\t")[0])
      }
      func status(_ job: String) async throws -> String {
        try await JobCluster.mapred(["status", job, "--socket", cluster.socket("n1")])
      }
      var inline: [[Substring]] = []
      for lines in [2000, 3000] {
        try JobCluster.text(lines: lines).write(toFile: path, atomically: true, encoding: .utf8)
        let saved = cluster.path("saved \(lines)")
        _ = try await JobCluster.mapred(["run", "wordcount", path, "-o", saved, "--quiet"])
        inline.append(try await JobCluster.inline(["top-words", "--results", saved]))
        _ = try await submit(["wordcount", path])
      }
      #expect(inline[0].count == 10 && inline[0] != inline[1])
      let newest = try await submit(["top-words"])
      #expect(try await JobCluster.shown("top-words", cluster.socket("n2")) == inline[1])
      #expect(try await status(newest).contains("reads      wordcount@2"))
      let older = try await submit(["top-words", "--result-version", "1"])
      #expect(try await JobCluster.shown("top-words", cluster.socket("n3")) == inline[0])
      #expect(try await status(older).contains("reads      wordcount@1"))
      let absent = try await CommandRun.mapred([
        "submit", "--socket", cluster.socket("n2"), "--wait", "top-words", "--result-version", "9",
      ])
      #expect(absent.code == 66)
      #expect(absent.words.contains("wordcount has no version 9 yet: there are versions 1 to 2"))
      #expect(absent.words.contains("TopWords.swift:"))
    }
  }
}
