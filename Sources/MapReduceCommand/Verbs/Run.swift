// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Glibc
import MapReduce
import Memory
import Runtime
import Synchronization
import Vocabulary

/// `mapred run JOB …`.
struct Run<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "run", abstract: "Runs a job in this process, on all cores, or on a cluster.",
      subcommands: Suite.jobs.map { runType($0) })
  }

  private static func runType<J: Job>(_: J.Type) -> any ParsableCommand.Type { RunJob<J>.self }
}

/// How to run a job.
struct RunOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("output")],
    help: "Save every result as a directory under this new directory.")
  var output: String?

  @Option(help: "Save as text instead: lines, csv or jsonl.")
  var format: RecordFormatArgument?

  @OptionGroup var files: FileOptions
  @OptionGroup var results: ResultsOptions

  @Option(
    help: ArgumentHelp(
      """
      Run on a cluster: local or local:N, one of N nodes for this job alone, which share --memory \
      with this process; cluster, the one that `up` started; or the socket of a node.
      """, valueName: "place"))
  var on: RunPlace?

  @Flag(
    help: ArgumentHelp(
      "Run twice, the second time in another order, and fail where that makes a difference.",
      discussion: "It takes twice the time, and memory for the results of both runs."))
  var verify = false

  @Option(help: "How many threads; all cores where it is left out.")
  var threads: Int?

  @OptionGroup var memory: MemoryOptions

  @Option(help: "How many records of each result to show where nothing is saved.")
  var limit = 10

  @Flag(help: "Print JSON, one document a line.") var json = false
  @Flag(name: .shortAndLong, help: "No progress and no summary.") var quiet = false

  func validate() throws {
    if let threads, threads < 1 || threads > Limits.threads {
      throw ValidationError("--threads takes a number from 1 to \(Limits.threads)")
    }
    if limit < 0 { throw ValidationError("--limit takes a number that is not negative") }
    if verify, on != nil {
      throw ValidationError("--verify is for this process: on a cluster, replicas compare anyway")
    }
    if let on, on.sharers == 1, memory.areNamed {
      throw ValidationError(
        "--memory and --scratch are for this process and --on local; the nodes of a cluster that "
          + "runs already have memory.limit and memory.scratch")
    }
    if on != nil, !results.directories.isEmpty {
      throw ValidationError(
        "--results is for jobs in this process; a cluster has results of its own")
    }
    if files.areNamed, output == nil || format == nil {
      throw ValidationError(
        "--compress, --files and --file-size are for text that is saved: name -o and --format")
    }
  }

  /// What this process may hold.
  var memoryBudget: MemoryBudget {
    get throws { try memory.budget(sharers: on?.sharers ?? 1) }
  }

  var threadCount: Int { threads ?? Self.processors }

  /// As many threads as can run at once.
  static var processors: Int {
    min(Limits.threads, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// How results are saved. A format without a place is how the records are shown.
  var save: SaveFormat {
    guard output != nil, let format else { return .runs }
    return .text(files.export(format.format))
  }
}

struct RunJob<J: Job>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: J.name, abstract: J.abstract)
  }

  @OptionGroup(title: "Job") var job: J
  @OptionGroup(title: "Run") var options: RunOptions

  func run() throws {
    let began = ContinuousClock.now
    Interrupt.install()
    let plan = try Plan(job)
    let display = ProgressDisplay(isQuiet: options.quiet || options.json)
    let writer = try options.output.map {
      try ResultWriter(
        to: $0, format: options.save, threads: options.threadCount,
        cancellation: Interrupt.cancellation)
    }
    let result = try result(of: plan, writer, display)
    let summary = RunSummary(
      job: J.name, plan: plan.description, result: result, savedIn: writer?.path,
      seconds: (ContinuousClock.now - began) / .seconds(1))
    do {
      try summary.show(options)
    } catch is Terminal.Ended { return }
  }

  private func result(
    of plan: Plan, _ writer: ResultWriter?, _ display: ProgressDisplay
  ) throws -> JobResult {
    guard let place = options.on else {
      let runner = InlineRunner(
        threads: options.threadCount, memory: try options.memoryBudget,
        results: options.results.earlier, cancellation: Interrupt.cancellation, observer: display)
      let verification =
        try options.verify
        ? Verification(
          job, plan, threads: options.threadCount, memory: try options.memoryBudget,
          results: options.results.earlier) : nil
      return try Self.naming(J.name) {
        try Self.withRefresh(display.refresh) {
          let result = try runner.run(plan)
          try verification?.check(result, display)
          try writer?.write(result, job: J.name)
          return result
        }
      }
    }
    let arguments = try JobArguments.own(J.self)
    guard !plan.readsStandardInput else {
      throw JobError(
        .usage, "standard input (-) cannot be read by a cluster",
        advice: "save it as a file that all nodes can read, or leave out --on")
    }
    let memory = try options.memoryBudget
    // Taken down when this function ends, however it does.
    let cluster = try place.cluster(options, display)
    defer { cluster?.end() }
    let run = AttachedJob(
      sockets: try cluster?.sockets ?? place.sockets(), job: J.name, arguments: arguments,
      isPrivate: cluster != nil, memory: memory, display: display)
    return try Self.naming(J.name) {
      try Self.withRefresh(run.refresh) {
        let result = try run.result(limit: writer == nil ? options.limit : nil)
        try run.saving { try writer?.write(result, job: J.name) }
        return result
      }
    }
  }

  /// Adds to an error which job it was.
  static func naming<R>(_ job: String, _ body: () throws -> R) throws -> R {
    do { return try body() } catch var error as JobError {
      let isStopped = error.code == .interrupted
      error.message = "job \(job) \(isStopped ? "was stopped" : "failed"): \(error.message)"
      throw error
    }
  }

  /// Does the work on a thread of its own while this one shows how far it is.
  private static func withRefresh(
    _ refresh: @escaping @Sendable () -> Void, _ work: @escaping @Sendable () throws -> JobResult
  ) throws -> JobResult {
    let monitor = Monitor()
    let outcome = Mutex<Result<JobResult, any Error>?>(nil)
    try Threads.run(2, minimum: 2) { index in
      if index == 1 {
        let done = Result { try work() }
        outcome.withLock { $0 = done }
        monitor.withLock { monitor.signalAll() }
        return
      }
      monitor.withLock {
        while outcome.withLock({ $0 == nil }) {
          monitor.wait()
          refresh()
        }
      }
    }
    guard let done = outcome.withLock({ $0 }) else {
      throw JobError(.internalFault, "the job ended without an outcome")
    }
    return try done.get()
  }
}
