// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Glibc
public import MapReduce
import Runtime

/// The whole command line, for any executable that holds jobs.
///
/// ```swift
/// import Jobs
/// import MapReduceCommand
///
/// @main struct Mapred: CommandLineTool {
///   typealias Suite = Jobs
/// }
/// ```
public protocol CommandLineTool {
  /// The jobs of this executable.
  associatedtype Suite: JobSuite
}

extension CommandLineTool {
  /// Parses the command line, does what it says, and exits.
  public static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.first == ExecutorBorder.verb { ExecutorVerb.run(Suite.jobs) }
    ignoreBrokenPipes()
    do {
      try checkJobName(arguments)
      var command = try Root<Suite>.parseAsRoot(arguments)
      try command.run()
    } catch let error as JobError {
      ErrorReport(error, isJSON: arguments.contains("--json")).printAndExit()
    } catch is Terminal.Ended {
      exit(0)
    } catch {
      Root<Suite>.exit(withError: error)
    }
  }

  /// A reader that goes away (`mapred get … | head`) ends the command quietly, with its own error.
  private static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// An unknown job is told with the nearest name, which the parser would not do.
  private static func checkJobName(_ arguments: [String]) throws {
    guard let verb = arguments.first, ["run", "preview", "explain"].contains(verb),
      let name = arguments.dropFirst().first, !name.hasPrefix("-")
    else { return }
    let names = Suite.jobs.map { $0.name }
    guard !names.contains(name), name != "help" else { return }
    let nearest = EditDistance.nearest(
      to: name, in: names, edits: max(2, name.utf8.count / 3))
    throw JobError(
      .noInput, "no job is called \"\(name)\"",
      advice: nearest.map { "did you mean \($0)?" }
        ?? "`list` shows the jobs: \(names.joined(separator: ", "))")
  }
}

/// The command with all its verbs.
struct Root<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: toolName,
      abstract: "Runs MapReduce jobs: all of a job's results appear, or none.",
      discussion: """
        Data goes to standard output, words to standard error. Exit codes: 0 done, 1 the job \
        failed, 64 usage, 65 bad input data, 66 no such input, job or result, 69 no node answers, \
        73 cannot write output, 75 the cluster went on without this node, 77 may not join, 78 bad \
        configuration, 130 interrupted. Whatever goes wrong: nothing of a job \
        becomes visible.
        """,
      version: Version.line,
      subcommands: [
        Run<Suite>.self, Submit<Suite>.self, JobsVerb.self, StatusVerb.self, WaitVerb.self,
        CancelVerb.self, Logs.self, Diagnose.self, ResultsVerb.self, LogVerb.self,
        Preview<Suite>.self, Explain<Suite>.self,
        List<Suite>.self, Get.self, Inspect.self, Up.self, Down.self,
        Init.self, Doctor.self,
        NodeVerb.self, Members.self, Drain.self, Top.self, CatalogueVerb.self, Simulate.self,
        BenchVerb<Suite>.self, Config.self,
        VersionVerb.self,
      ])
  }
}

/// The name under which this executable was called.
var toolName: String {
  let path = CommandLine.arguments.first ?? "mapred"
  return path.split(separator: "/").last.map(String.init) ?? "mapred"
}
