// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import Runtime
import Vocabulary

/// Jobs whose results are known beforehand, as the engine in one process makes them.
struct KnownJobs: Sendable {
  struct Known: Sendable {
    let job: String
    let path: String
    /// By result: the digest of all its records, in their order.
    let digests: [String: String]
    let counters: [String: Int]

    var outputs: [String] { digests.keys.sorted() }
  }

  let all: [Known]
  let code: CodeDigest
  let executable: [UInt8]

  /// Jobs with one stage or four, with one result or three, with counters, with joins, rounds and
  /// broadcasts.
  static let jobs = ["chained", "counts", "rounds"]

  /// Makes `count` inputs of so many lines, and does each job with each of them.
  static func make(in cluster: Cluster, inputs count: Int, lines: Int, seed: UInt64) async throws
    -> KnownJobs
  {
    let executable = try await stripped(NodeHandle.product("FaultyJobs"), cluster)
    var all: [Known] = []
    for input in 0..<count {
      let path = cluster.path("text\(input)")
      try text(lines: lines + 37 * input, seed: seed &+ UInt64(input))
        .write(toFile: path, atomically: true, encoding: .utf8)
      for job in jobs { all.append(try await known(job, path, executable, cluster)) }
    }
    let (code, bytes) = try NodeClient.executable(executable)
    return KnownJobs(all: all, code: code, executable: bytes)
  }

  /// The program without its symbols: nodes pass it on to each other.
  private static func stripped(_ program: String, _ cluster: Cluster) async throws -> String {
    let tool = "/usr/bin/strip"
    guard FileManager.default.isExecutableFile(atPath: tool) else { return program }
    let path = cluster.path("jobs")
    let run = try await CommandRun.run([tool, "-o", path, program])
    return run.code == 0 ? path : program
  }

  /// Words that repeat, others in each input.
  private static func text(lines: Int, seed: UInt64) -> String {
    var text = ""
    var state = seed
    for line in 0..<lines {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      text += "line \(line % 83) of seed \(seed % 1000) has \(state >> 54) and w\(state >> 50)\n"
    }
    return text
  }

  private static func known(
    _ job: String, _ path: String, _ executable: String, _ cluster: Cluster
  ) async throws -> Known {
    let place = "\(path).\(job)"
    let run = try await CommandRun.run([executable, "run", job, path, "-o", place, "--json"])
    let summary = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    guard run.code == 0, let results = summary?["results"] as? [[String: Any]],
      let counters = summary?["counters"] as? [String: Int]
    else { throw Waiting.Failure("\(job) ended with \(run)") }
    var digests: [String: String] = [:]
    for case let name as String in results.map({ $0["name"] }) {
      let manifest = try Data(contentsOf: URL(fileURLWithPath: "\(place)/\(name)/_result.json"))
      let fields = try JSONSerialization.jsonObject(with: manifest) as? [String: Any]
      digests[name] = fields?["digest"] as? String
    }
    return Known(job: job, path: path, digests: digests, counters: counters)
  }

  func spec(_ known: Known) -> JobSpec {
    JobSpec(
      code: code, name: known.job, arguments: [known.path], directory: "/",
      tableSeed: UInt64.random(in: .min ... .max))
  }

  /// The job that a submission asked for.
  func known(_ spec: JobSpec) -> Known? {
    all.first { $0.job == spec.name && [$0.path] == spec.arguments }
  }

  /// The digest of all records of a result, whose partitions are given, as a result file has it.
  static func digest(_ runs: [[UInt8]], isHashed: Bool) throws -> String {
    var digest = Checksum()
    if isHashed {
      var frames: [(key: [UInt8], bytes: ArraySlice<UInt8>)] = []
      for run in runs {
        try run.withBytes { bytes in
          var reader = ByteReader(bytes)
          while !reader.isAtEnd {
            let start = reader.offset
            let frame = try reader.frame()
            frames.append((Array(frame.key), run[start..<reader.offset]))
          }
        }
      }
      frames.sort { $0.key.lexicographicallyPrecedes($1.key) }
      for frame in frames { Array(frame.bytes).withBytes { digest.update($0) } }
    } else {
      for run in runs { run.withBytes { digest.update($0) } }
    }
    let digits = String(digest.value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
