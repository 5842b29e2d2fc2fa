// SPDX-License-Identifier: Apache-2.0
import Exchange
public import MapReduce

/// A result of an earlier job, for a job that reads it: given by the test, or made by another run.
///
/// ```swift
/// let customers = try EarlierResult.pairs("customers", [(7, "Ada"), (9, "Alan")])
/// let run = try JobRun(Report.self, input: ["7,1200"], results: [customers])
/// ```
public struct EarlierResult: Sendable {
  let result: StageResult

  /// The result's name.
  public var name: String { result.name }

  /// Pairs, as `Keyed` writes them: by key, and pairs with one key as they stand here.
  public static func pairs<K: Key, V: Record>(
    _ name: String, _ pairs: [(K, V)]
  ) throws -> EarlierResult {
    try made(name) { $0.read(.values(pairs)).keyed { $0 }.write(.result(name)) }
  }

  /// Elements, as a `Dataset` writes them, in this order.
  public static func values<V: Record>(_ name: String, _ values: [V]) throws -> EarlierResult {
    try made(name) { $0.read(.values(values)).write(.result(name)) }
  }

  /// Elements that are their own keys, in the order of the keys: what `sorted` leaves behind.
  public static func keys<K: Key & Record>(
    _ name: String, _ keys: [K]
  ) throws -> EarlierResult {
    try made(name) { $0.read(.values(keys)).sorted().write(.result(name)) }
  }

  private static func made(
    _ name: String, _ plan: (Flow) throws -> Void
  ) throws -> EarlierResult {
    let made = try InlineRunner(threads: 1).run(Plan("result \(name)", plan))
    return EarlierResult(result: made.outputs[0])
  }

  static func all(_ results: [EarlierResult]) -> EarlierResults {
    EarlierResults(
      given: results.map(\.result), advice: "give it to the run: results: [.pairs(…)]")
  }
}

extension JobRun {
  /// All results, for a job that reads them.
  public var results: [EarlierResult] { result.outputs.map { EarlierResult(result: $0) } }
}
