// SPDX-License-Identifier: Apache-2.0
public import MapReduce

/// A finished run of a job in this process, on input that stands in the test itself.
///
/// ```swift
/// let run = try JobRun(WordCount.self, ["--min-length", "2"], input: ["to be or not to be"])
/// #expect(try run.values("wordcount", as: Int.self) == [2, 1, 1, 2])
/// ```
///
/// Nothing is saved; the files that hold the input are gone when `init` returns. What goes wrong is
/// thrown as the `JobError` that the command would show. It names files as the test does.
public struct JobRun: Sendable {
  let result: JobResult
  let paths: InputPaths

  /// Runs a job on some lines. They are a file, whose path stands behind the other arguments.
  ///
  /// - Parameters:
  ///   - job: The job's type.
  ///   - arguments: The job's, as on the command line.
  ///   - lines: What the file holds.
  ///   - results: Results of earlier jobs that it reads.
  ///   - threads: Changes nothing in what a job comes to, if its closures are what they should be.
  public init<J: Job>(
    _ job: J.Type, _ arguments: [String] = [], input lines: [String],
    results: [EarlierResult] = [], threads: Int = 2
  ) throws {
    try self.init(
      job, arguments + ["{\(Self.inputName)}"], files: Self.file(of: lines), results: results,
      threads: threads)
  }

  /// Runs a job on files with these names and texts.
  ///
  /// In the arguments, `{orders.csv}` stands for the path of the file `orders.csv`, and `{orders}`
  /// for that of the directory in which `orders/1.csv` is:
  ///
  /// ```swift
  /// try JobRun(
  ///   Revenue.self, ["--customers={customers.csv}", "{orders.csv}"],
  ///   files: ["orders.csv": "7,1200\n", "customers.csv": "7,Ada\n"])
  /// ```
  public init<J: Job>(
    _ job: J.Type, _ arguments: [String] = [], files: [String: String] = [:],
    results: [EarlierResult] = [], threads: Int = 2
  ) throws {
    try self.init(files, results, threads: threads) { paths in
      let arguments = arguments.map(paths.filled)
      let job: J
      do { job = try J.parse(arguments) } catch {
        throw JobError(.usage, J.message(for: error))
      }
      return try Plan(job)
    }
  }

  /// Runs a plan that needs no files.
  public init(
    results: [EarlierResult] = [], threads: Int = 2, _ plan: (Flow) throws -> Void
  ) throws {
    try self.init([:], results, threads: threads) { _ in try Plan(Self.planName, plan) }
  }

  /// Runs a plan on some lines; the closure gets the path of the file in which they stand.
  public init(
    input lines: [String], results: [EarlierResult] = [], threads: Int = 2,
    _ plan: (Flow, _ path: String) throws -> Void
  ) throws {
    try self.init(Self.file(of: lines), results, threads: threads) { paths in
      try Plan(Self.planName) { try plan($0, paths[Self.inputName]) }
    }
  }

  /// Runs a plan on files with these names and texts; the closure gets their paths.
  public init(
    files: [String: String], results: [EarlierResult] = [], threads: Int = 2,
    _ plan: (Flow, InputPaths) throws -> Void
  ) throws {
    try self.init(files, results, threads: threads) { paths in
      try Plan(Self.planName) { try plan($0, paths) }
    }
  }

  private static let planName = "plan"
  private static let inputName = "input"

  private static func file(of lines: [String]) -> [String: String] {
    [inputName: lines.map { $0 + "\n" }.joined()]
  }

  private init(
    _ files: [String: String], _ results: [EarlierResult], threads: Int,
    _ plan: (InputPaths) throws -> Plan
  ) throws {
    let directory = try ScratchDirectory()
    let names = files.keys.sorted()
    for name in names { try directory.write(name, files[name, default: ""]) }
    paths = InputPaths(directory: directory.path, names: names)
    do {
      result = try InlineRunner(threads: threads, results: EarlierResult.all(results))
        .run(plan(paths))
    } catch var error as JobError {
      error.message = paths.shortened(error.message)
      error.record = error.record.map(paths.shortened)
      error.advice = error.advice.map(paths.shortened)
      throw error
    }
  }
}
