// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Glibc
public import MapReduce

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
    guard let verb = arguments.first, verb == "run" || verb == "explain",
      let name = arguments.dropFirst().first, !name.hasPrefix("-")
    else { return }
    let names = Suite.jobs.map { $0.name }
    guard !names.contains(name), name != "help" else { return }
    let nearest = Spelling.nearest(to: name, in: names)
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
        failed, 64 usage, 65 bad input data, 66 no such input, job or result, 73 cannot write \
        output, 78 bad configuration, 130 interrupted. Whatever goes wrong: nothing of a job \
        becomes visible.
        """,
      version: Version.line,
      subcommands: [
        Run<Suite>.self, Explain<Suite>.self, List<Suite>.self, Get.self, Inspect.self,
        NodeVerb.self, Members.self, CatalogueVerb.self, Simulate.self, Config.self,
        VersionVerb.self,
      ])
  }
}

/// The name under which this executable was called.
var toolName: String {
  let path = CommandLine.arguments.first ?? "mapred"
  return path.split(separator: "/").last.map(String.init) ?? "mapred"
}

/// Finds the name that was meant.
enum Spelling {
  /// The name with the fewest edits; nil where none is near.
  static func nearest(to word: String, in names: [String]) -> String? {
    let best = names.map { ($0, distance(Array(word.utf8), Array($0.utf8))) }
      .min { $0.1 < $1.1 }
    guard let best, best.1 <= max(2, word.utf8.count / 3) else { return nil }
    return best.0
  }

  /// Levenshtein's distance. O(a·b).
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for i in 0..<a.count {
      var diagonal = row[0]
      row[0] = i + 1
      for j in 0..<b.count {
        let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
