// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Runs jobs by the release `mapred`, as its users do.
struct Engine {
  private let program: String
  private let scratch: ScratchDirectory

  init(scratch: ScratchDirectory) throws {
    self.scratch = scratch
    program = try ChildProcess.folder() + "/mapred"
    guard unsafe access(program, X_OK) == 0 else {
      throw BenchmarkError(
        "\(program) is missing: build it with MAPRED_BENCHMARKS=1 swift build -c release")
    }
  }

  /// Runs a job whose one result is saved as text; `check` gets the path of that text, which is
  /// removed afterwards.
  func run(
    _ job: String, _ arguments: [String], result: String, threads: Int? = nil,
    _ check: (String) throws -> Void = { _ in }
  ) throws -> Sample {
    let output = scratch.file("output")
    defer { Files.remove(output) }
    let sample = try ChildProcess.measure(
      [program, "run", job] + arguments + ["-o", output, "--format", "lines", "--quiet"]
        + (threads.map { ["--threads", String($0)] } ?? []))
    try check("\(output)/\(result)/part-00000.txt")
    return sample
  }

  /// Runs a job that saves nothing.
  func run(_ job: String, _ arguments: [String]) throws -> Sample {
    try ChildProcess.measure([program, "run", job] + arguments + ["--quiet"])
  }

  /// Fails where a result is not what the reference made of the same input.
  static func check(_ result: String, against expected: String) throws {
    guard try Files.areEqual(result, expected) else {
      throw BenchmarkError("results differ: what was measured is not the same work")
    }
  }
}
