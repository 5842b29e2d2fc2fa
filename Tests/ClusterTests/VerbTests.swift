// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// What people ask a cluster about its jobs and results.
@Suite struct VerbTests {
  /// Jobs that make trouble: they lie beside the command.
  private static let faulty =
    URL(fileURLWithPath: NodeHandle.executable).deletingLastPathComponent().path + "/FaultyJobs"

  private static func write(_ text: String, _ cluster: Cluster) throws -> String {
    let path = cluster.path("text")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test("A result is read whole, by key, by prefix and as of an instant, at any node")
  func get() async throws {
    try await JobCluster.founded(3, over: "shm") { cluster in
      let path = try Self.write(JobCluster.text(lines: 5000), cluster)
      let socket = ["--socket", cluster.socket("n1")]
      _ = try await JobCluster.mapred(["submit", "--wait"] + socket + ["wordcount", path])
      let whole = try await JobCluster.inline(["wordcount", path])
      _ = try Self.write("the end\n", cluster)
      _ = try await JobCluster.mapred(["submit", "--wait"] + socket + ["wordcount", path])
      let log = try await JobCluster.mapred(["log", "wordcount"] + socket)
      let lines = log.split(separator: "\n").map { $0.split(separator: "\t") }
      #expect(lines.map { $0[0] } == ["wordcount@2", "wordcount@1"])
      for name in cluster.names {
        func get(_ more: String...) async throws -> [Substring] {
          try await JobCluster.mapred(["get"] + more + ["--socket", cluster.socket(name)])
            .split(separator: "\n")
        }
        #expect(try await get("wordcount@1") == whole)
        #expect(try await get("wordcount") == ["end\t1", "the\t1"])
        #expect(try await get("wordcount@1", "--key", "stands") == ["stands\t5000"])
        #expect(
          try await get("wordcount@1", "--prefix", "99")
            == whole.filter { $0.hasPrefix("99") })
        #expect(try await get("wordcount@1", "--limit", "7")[...] == whole.prefix(7))
        #expect(try await get("wordcount", "--as-of", String(lines[1][1])) == whole)
        #expect(try await get("wordcount", "--as-of", String(lines[0][1])).count == 2)
      }
      for (arguments, code, name) in [
        (["wordcount@3"], 66, "versions 1 to 2"), (["wordcount@x"], 64, "\"x\""),
        (["nothing"], 66, "nothing"), (["wordcount", "--key", "nothing"], 66, "nothing"),
        (["wordcount", "--as-of", "2020-01-01T00:00:00Z"], 66, "did not exist"),
      ] as [([String], Int32, String)] {
        let run = try await CommandRun.mapred(["get"] + arguments + socket)
        run.expectFailure(code, naming: name)
      }
    }
  }

  @Test("A job that hangs says what it waits for, and what its executors wrote")
  func diagnose() async throws {
    try await JobCluster.founded(3, over: "shm") { cluster in
      let path = try Self.write("one\ntwo\n", cluster)
      let socket = ["--socket", cluster.socket("n2")]
      let submitted = try await CommandRun.run(
        [Self.faulty, "submit"] + socket + ["ends-at", "wait", "two", path])
      let job = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(submitted.code == 0, "\(submitted)")
      let logs = try await Waiting.until("an executor writes") { () async throws -> String? in
        let logs = try await JobCluster.mapred(["logs", job] + socket)
        return logs.isEmpty ? nil : logs
      }
      #expect(logs.contains("pid "))
      let status = try await JobCluster.mapred(["status", job] + socket)
      #expect(status.contains("waits") && status.contains("under way at n"), "\(status)")
      let diagnosis = try await JobCluster.mapred(["diagnose", job] + socket)
      #expect(diagnosis.contains("slot 0: task") && diagnosis.contains("pid "), "\(diagnosis)")
      let top = try await JobCluster.mapred(["top", "--once"] + socket)
      #expect(top.contains("n3\tmember") && top.contains("\(job)\tends-at\trunning"), "\(top)")
      _ = try await JobCluster.mapred(["cancel", job] + socket)
      let wait = try await CommandRun.mapred(["wait", job] + socket)
      #expect(wait.code == 130)
      #expect(wait.words.contains("nothing became visible"))
      for verb in [["diagnose", job], ["top", "--once"], ["status", job], ["logs", job]] {
        let document = try await JobCluster.mapred(verb + ["--json"] + socket)
        for line in document.split(separator: "\n") {
          _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
        }
        #expect(!document.isEmpty)
      }
    }
  }

  @Test("A job whose replicas come to different values fails, and says for which key")
  func wavers() async throws {
    try await JobCluster.founded(3, over: "shm") { cluster in
      let socket = ["--socket", cluster.socket("n1")]
      let run = try await CommandRun.run([Self.faulty, "submit", "--wait"] + socket + ["wavers"])
      #expect(run.code == 1, "\(run.words)")
      #expect(run.output.contains("failed"))
      for words in ["disagree on the key 7", "not deterministic", "ExecutorJobs.swift"] {
        #expect(run.words.contains(words), "\(run.words)")
      }
      let log = try await CommandRun.mapred(["log", "sums"] + socket)
      log.expectFailure(66, naming: "sums")
    }
  }

  @Test("A drained node leaves, and what it held is still there", arguments: [1, 2])
  func drain(replicas: Int) async throws {
    try await JobCluster.founded(3, over: "tcp", replicas: replicas) { cluster in
      let path = try Self.write(JobCluster.text(lines: 2000), cluster)
      let socket = ["--socket", cluster.socket("n2")]
      _ = try await JobCluster.mapred(["submit", "--wait"] + socket + ["wordcount", path])
      let whole = try await JobCluster.inline(["wordcount", path])
      let nobody = try await CommandRun.mapred(["drain", "n9"] + socket)
      nobody.expectFailure(66, naming: "n9", "n1, n2, n3")
      for name in ["n1", "n3"] {
        _ = try await JobCluster.mapred(["drain", name, "--timeout", "60"] + socket)
        #expect(try await cluster.node(name).ending() == 0)
        #expect(try await JobCluster.shown("wordcount", cluster.socket("n2")) == whole)
      }
      let members = try await JobCluster.mapred(["members"] + socket)
      #expect(members.split(separator: "\n").count == 1)
      let last = try await CommandRun.mapred(["drain", "n2"] + socket)
      last.expectFailure(77, naming: "n2 stays", "the last member")
    }
  }
}
