// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Clusters that run jobs, and what commands say of them.
enum JobCluster {
  /// Nodes with three shards. Executors run as the user of the test: the input lies in a directory
  /// of its own. Silence is borne for long, as none of these nodes is only silent.
  static func founded(
    _ count: Int, over transport: String, replicas: Int = 2,
    _ body: (Cluster) async throws -> Void
  ) async throws {
    let arguments = [
      "--set", "membership.suspect-after=10s", "--transport", transport,
      "--set", "layout.shards=3", "--set", "layout.replicas=\(replicas)",
      "--set", "executor.slots=1", "--set", "executor.user=root",
    ]
    try await Cluster.with(arguments) { cluster in
      for number in 1...count { try await cluster.join("n\(number)") }
      try await cluster.agree()
      try await body(cluster)
    }
  }

  /// Some text whose words repeat, a few of them in every line.
  static func text(lines: Int) -> String {
    var text = ""
    for line in 0..<lines {
      text += "the word \(line % 997) stands in line \(line % 7) of \(line % 13)\n"
    }
    return text
  }

  static func mapred(_ arguments: [String]) async throws -> String {
    let run = try await CommandRun.mapred(arguments)
    guard run.code == 0 else { throw Waiting.Failure("\(arguments) ended with \(run)") }
    return run.output
  }

  /// What the inline engine makes of the same job, line by line.
  static func inline(_ job: [String]) async throws -> [Substring] {
    let output = try await mapred(["run"] + job + ["--limit", "1000000", "--quiet"])
    return output.split(separator: "\n")
  }

  static func shown(_ name: String, _ socket: String) async throws -> [Substring] {
    try await mapred(["get", name, "--socket", socket]).split(separator: "\n")
  }
}
