// SPDX-License-Identifier: Apache-2.0

/// A job: parameters and a plan.
///
/// Stored properties are the job's parameters, written with ArgumentParser's property wrappers, so
/// that `--help`, checking and completion come with them. `plan` describes the dataflow; it must
/// depend on the parameters alone, because every process that works on the job builds it anew.
///
/// ```swift
/// struct WordCount: Job {
///   static let abstract = "Counts how often each word occurs."
///   @Argument(help: "Files to read (paths or globs).") var input: [String]
///
///   func plan(_ flow: Flow) {
///     flow.read(.lines(input))
///       .flatMap { line, emit in for word in line.words { emit(word, 1) } }
///       .reduce(+)
///       .write(.result("wordcount"))
///   }
/// }
/// ```
public protocol Job: ParsableArguments, Sendable {
  /// The name on the command line; by default the type's name in lower case with hyphens.
  static var name: String { get }

  /// One sentence for `list` and `--help`.
  static var abstract: String { get }

  /// Describes the dataflow. It depends on the job's arguments alone: on a cluster, several
  /// processes build it, and a process that has read the arguments keeps them for later jobs.
  func plan(_ flow: Flow) throws
}

extension Job {
  /// `InvertedIndex` is called `inverted-index`.
  public static var name: String {
    var name = ""
    for character in "\(self)" {
      if character.isUppercase, !name.isEmpty { name.append("-") }
      name.append(character.lowercased())
    }
    return name
  }

  /// No sentence.
  public static var abstract: String { "" }
}

/// The jobs of one executable.
public protocol JobSuite {
  /// All jobs, in the order in which they are listed.
  static var jobs: [any Job.Type] { get }
}
