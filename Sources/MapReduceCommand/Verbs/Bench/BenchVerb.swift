// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Bench
import Exchange
import Fabrics
import Glibc
import MapReduce
import Runtime
import Vocabulary

/// `mapred bench …`.
struct BenchVerb<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "bench", abstract: "Measures clusters on this machine.",
      subcommands: [BenchSuite<Suite>.self, BenchDigest<Suite>.self])
  }
}

/// `mapred bench suite`.
struct BenchSuite<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "suite",
      abstract: "Measures jobs on clusters of this machine, beside one process and Spark.",
      discussion: """
        Starts clusters of real nodes over each transport, submits jobs to them and to one process \
        without a cluster in turns, and compares what they come to: a result that differs ends the \
        suite with exit code 1. The first of --nodes and --replicas that are given are the shape \
        around which the others are varied, each by itself. Inputs are made anew in TMPDIR, or \
        /tmp, which needs room for three times the largest of them.
        """)
  }

  @OptionGroup var options: BenchOptions

  func run() throws {
    Interrupt.install()
    let options = options.resolved
    let lacking = options.workloads.flatMap(\.neededJobs).filter { name in
      !Suite.jobs.contains { $0.name == name }
    }
    guard lacking.isEmpty else {
      throw JobError(
        .usage, "this executable has no job called \(lacking[0]), which the suite measures",
        advice: "run the suite with the executable `mapred` itself")
    }
    // What cannot be written is told now, not after minutes.
    for path in [options.json, options.html].compactMap(\.self) {
      try OutputText.save("", at: path)
    }
    var run = try SuiteRun(options)
    try run.measureAll()
    let report = run.report
    if let json = options.json {
      try OutputText.save(report.documents.map { $0.line + "\n" }.joined(), at: json)
    }
    if let html = options.html { try OutputText.save(run.page, at: html) }
  }
}

/// `mapred bench digest JOB …`: what a job's results come to, so that others can be compared.
struct BenchDigest<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "digest",
      abstract: "Runs a job in this process and prints the digest of its results.",
      discussion: "It is the digest that `bench suite` tells, and equal where results are equal.")
  }

  @Argument(help: "The job.") var job: String
  @Argument(parsing: .captureForPassthrough, help: "The job's own arguments.")
  var arguments: [String] = []

  func run() throws {
    guard let type = Suite.jobs.first(where: { $0.name == job }) else {
      throw JobError(.noInput, "no job is called \"\(job)\"")
    }
    Interrupt.install()
    try Terminal.print(hexadecimal(try Self.digest(type, arguments)))
  }

  private static func digest<J: Job>(_: J.Type, _ arguments: [String]) throws -> UInt64 {
    let job: J
    do { job = try J.parse(arguments) } catch { RunJob<J>.exit(withError: error) }
    let runner = InlineRunner(
      threads: min(Limits.threads, MeasuredHost.processors), cancellation: Interrupt.cancellation)
    let result = try runner.run(try Plan(job))
    return ResultsDigest.of(result.outputs.map { ($0.name, $0.tallies) })
  }
}
