// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce

/// `mapred explain JOB …`.
struct Explain<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "explain",
      abstract: "Shows a job's plan: stages, shuffles, where values are combined. Runs nothing.",
      subcommands: Suite.jobs.map { explainType($0) })
  }

  private static func explainType<J: Job>(_: J.Type) -> any ParsableCommand.Type {
    ExplainJob<J>.self
  }
}

struct ExplainJob<J: Job>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: J.name, abstract: J.abstract)
  }

  @OptionGroup(title: "Job") var job: J
  @Flag(help: "Print one JSON document.") var json = false
  @Flag(help: "Print a graph for Graphviz.") var dot = false
  @OptionGroup var results: ResultsOptions

  func validate() throws {
    if json, dot { throw ValidationError("--json and --dot exclude each other") }
  }

  func run() throws {
    let plan = try Plan(job)
    // What cannot be read is told here, too.
    let earlier = try results.earlier.lines(for: plan.description)
    if json {
      try Terminal.print(plan.description.json.line)
    } else if dot {
      try Terminal.print(plan.description.dot)
    } else {
      try Terminal.print(plan.description.text)
      for input in plan.undividedInputs { try Terminal.print("input \(input)") }
      for line in earlier { try Terminal.print(line) }
    }
  }
}
