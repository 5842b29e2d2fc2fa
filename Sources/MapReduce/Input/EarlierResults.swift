// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Glibc
import Vocabulary

/// Where a plan that runs in this process finds the results of earlier jobs.
package struct EarlierResults: Sendable {
  private let directories: [String]
  private let given: [StageResult]
  /// What to do where one is not there.
  private let advice: String

  /// Those that were saved: `run … -o DIR`.
  package init(savedIn directories: [String]) {
    self.directories = directories
    given = []
    advice = "name the directory in which it was saved (`run … -o DIR`): --results DIR"
  }

  /// Those that are at hand.
  package init(given: [StageResult], advice: String) {
    directories = []
    self.given = given
    self.advice = advice
  }

  enum Found {
    case saved(SavedResult)
    case given(StageResult)
  }

  /// What a plan reads, with what people call it. Checks that it can be read so.
  func find(_ input: ResultInput) throws -> (found: Found, name: String) {
    guard input.asOf == .latest else {
      throw JobError(
        .usage, "\(input.text) is asked for, and outside of a cluster a result has one version",
        advice: "read it as of .latest, or run the job on a cluster (--on)")
    }
    let (found, name, schema) = try lookUp(input.name)
    if let mismatch = input.mismatch(schema, of: name) { throw JobError(mismatch) }
    return (found, name)
  }

  private func lookUp(
    _ name: String
  ) throws -> (found: Found, name: String, schema: ResultSchema) {
    if let result = given.first(where: { $0.name == name }) {
      return (.given(result), name, result.schema)
    }
    let places = directories.map { "\($0)/\(name)" }.filter(Self.isThere)
    guard let place = places.first else { throw absence(of: name) }
    guard places.count == 1 else {
      throw JobError(
        .usage, "there are several results called \(name): \(places.joined(separator: ", "))",
        advice: "name the directory of one of them alone")
    }
    let saved = try SavedResult(place)
    return (.saved(saved), place, saved.schema)
  }

  private static func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  private func absence(of name: String) -> JobError {
    let places = directories.isEmpty ? "" : " in \(directories.joined(separator: ", "))"
    return JobError(
      .noInput, "the job reads the result \(name), and there is none of that name\(places)",
      advice: advice)
  }

  /// What a plan would read: a line for each result.
  package func lines(for plan: PlanDescription) throws -> [String] {
    guard !directories.isEmpty else { return [] }
    return try plan.resultInputs.map { _, input, reader in
      let (found, name) = try locating(reader) { try find(input) }
      let (schema, records) =
        switch found {
        case .saved(let saved): (saved.schema, saved.records)
        case .given(let result): (result.schema, result.records)
        }
      return "result \(input.name): \(name), \(records.grouped) records, \(schema.text)"
    }
  }

  /// Adds to an error where the result is read.
  func locating<R>(_ reader: OperatorDescription?, _ body: () throws -> R) throws -> R {
    do { return try body() } catch var error as JobError {
      if error.location == nil { error.location = reader.map { "\($0.location)" } }
      throw error
    }
  }
}
