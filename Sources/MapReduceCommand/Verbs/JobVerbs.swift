// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Exchange
import Glibc
import MapReduce
import Memory
import Runtime
import Vocabulary

/// `mapred submit [options] JOB …`: everything behind the job's name is the job's.
struct Submit<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "submit", abstract: "Submits a job to a cluster and prints its id.",
      discussion: """
        The executable itself is sent along, once, and kept by its digest. With --wait the command \
        ends when the job does, and shows its results.
        """)
  }

  @OptionGroup var node: NodeOptions
  @Flag(help: "Wait for the job's end.") var wait = false
  @Flag(help: "Print JSON.") var json = false
  @Argument(help: "The job.") var job: String
  @Argument(parsing: .captureForPassthrough, help: "The job's own arguments.")
  var arguments: [String] = []

  func run() throws {
    guard let type = Suite.jobs.first(where: { $0.name == job }) else {
      throw JobError(.noInput, "no job is called \"\(job)\"")
    }
    try Self.check(type, arguments)
    let client = try node.client()
    do {
      let (code, bytes) = try NodeClient.executable("/proc/self/exe")
      try client.bring(code, bytes, milliseconds: node.milliseconds)
      let spec = JobSpec(
        code: code, name: job, arguments: arguments, directory: Terminal.workingDirectory,
        tableSeed: UInt64.random(in: .min ... .max))
      let id = try submit(spec, client)
      guard wait else { return try Terminal.print("\(id)") }
      try JobText.follow(id, client, isJSON: json)
    } catch let error as NodeClient.Failure {
      throw JobError(error)
    }
  }

  private func submit(_ spec: JobSpec, _ client: NodeClient) throws -> JobID {
    do { return try client.submit(spec, milliseconds: node.milliseconds) } catch {
      // The queue is full.
      throw JobError(error, refused: .unavailable)
    }
  }

  /// What is wrong with the arguments is told here, before anything is sent.
  private static func check<J: Job>(_: J.Type, _ arguments: [String]) throws {
    do { _ = try J.parse(arguments) } catch { RunJob<J>.exit(withError: error) }
  }
}

/// `mapred jobs`.
struct JobsVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "Lists jobs, the newest first.")

  @OptionGroup var node: NodeOptions
  @Option(help: "How many.") var limit = 20
  @Flag(help: "Print JSON, one job a line.") var json = false

  func run() throws {
    do {
      for job in try node.client().jobs(limit: limit, milliseconds: node.milliseconds) {
        try JobText.print(job, isJSON: json)
      }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// `mapred status ID`.
struct StatusVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows where a job stands, and what it waits for.")

  @Argument(help: "The job's id.") var id: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    do {
      let client = try node.client()
      let job = try client.job(try JobText.id(id), milliseconds: node.milliseconds)
      let waits = try client.waits(of: job, milliseconds: node.milliseconds)
      if json { return try Terminal.print(JobDocument.of(job, waits: waits).line) }
      for line in JobText.lines(job, waits: waits) { try Terminal.print(line) }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// `mapred wait ID`.
struct WaitVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wait", abstract: "Waits for the end of a job.")

  @Argument(help: "The job's id.") var id: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    try JobText.follow(try JobText.id(id), try node.client(), isJSON: json)
  }
}

/// `mapred cancel ID`.
struct CancelVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancels a job: nothing of it becomes visible.")

  @Argument(help: "The job's id.") var id: String
  @OptionGroup var node: NodeOptions

  func run() throws {
    do {
      try node.client().cancel(try JobText.id(id), milliseconds: node.milliseconds)
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}
