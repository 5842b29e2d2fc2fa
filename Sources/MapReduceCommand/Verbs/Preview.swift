// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Vocabulary

/// `mapred preview JOB …`.
struct Preview<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "preview",
      abstract: "Runs a job on the beginning of its input, and shows what each stage makes.",
      subcommands: Suite.jobs.map { previewType($0) })
  }

  private static func previewType<J: Job>(_: J.Type) -> any ParsableCommand.Type {
    PreviewJob<J>.self
  }
}

struct PreviewJob<J: Job>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: J.name, abstract: J.abstract,
      discussion: """
        Runs in this process and saves nothing. At most the first \
        \(ByteCount(Limits.splitBytesMinimum)) of each input are read, and all that is shown is of \
        that part alone.
        """)
  }

  @OptionGroup(title: "Job") var job: J
  @Option(help: "How many records of each stage to show.") var limit = 5
  @Flag(help: "Read all of the input.") var whole = false
  @Flag(help: "Print JSON, one document a line.") var json = false
  @OptionGroup var results: ResultsOptions

  func validate() throws {
    if limit < 0 { throw ValidationError("--limit takes a number that is not negative") }
  }

  func run() throws {
    Interrupt.install()
    let plan = try Plan(job)
    var manner = RunManner()
    manner.readsBeginnings = !whole
    let runner = InlineRunner(
      threads: RunOptions.processors, manner: manner, results: results.earlier,
      cancellation: Interrupt.cancellation)
    do {
      try RunJob<J>.naming(J.name) {
        if json {
          try PreviewDocuments(plan.description, limit: limit).show(plan, runner)
        } else {
          try PreviewText(plan.description, limit: limit).show(plan, runner)
        }
      }
    } catch is Terminal.Ended { return }
  }
}

extension PlanDescription {
  /// The names of the results that a stage makes.
  func results(of stage: StageID) -> [String] {
    outputs.filter { $0.stage == stage }.map(\.name)
  }

  /// Whether a preview shows a stage: rounds behind the second do what the second does, and only
  /// what comes of them is shown.
  func isPreviewed(_ stage: StageDescription) -> Bool {
    stage.round.map { $0.number <= 2 } ?? true || !results(of: stage.id).isEmpty
  }
}
