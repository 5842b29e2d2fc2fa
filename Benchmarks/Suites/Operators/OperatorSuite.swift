// SPDX-License-Identifier: Apache-2.0

/// What each operator costs, on one thread of this process, beside a loop that was written by hand
/// for the same task, on the same input and to the same result.
enum OperatorSuite: Suite {
  static let name = "operators"
  private static let records = Parameter(name: "records", large: 1_000_000, small: 10_000)
  static var parameters: [Parameter] { [records] }
  private static let loop = "Swift loop"

  static func run(_ session: Session) throws {
    let inputs = try OperatorInputs(session.scratch, records: session[records])
    defer { inputs.remove() }
    for one in cases(inputs) where session.only.map(one.name.contains) ?? true {
      try compare(one, session)
    }
  }

  private static func cases(_ inputs: OperatorInputs) -> [OperatorCase] {
    inputs.sourceCases + inputs.streamCases + inputs.pairCases + inputs.broadcastCases
      + inputs.orderCases + inputs.combineCases + inputs.groupCases + inputs.joinCases
      + inputs.roundCases
  }

  private static func compare(_ one: OperatorCase, _ session: Session) throws {
    var expected: Answer?
    func turn(_ name: String, _ body: @escaping () throws -> Answer) -> Contestant {
      Contestant(name: name) {
        var found: Answer?
        let sample = try timed { found = try body() }
        guard expected == nil || found == expected else {
          throw BenchmarkError("\(one.name): the engine and the loop come to different results")
        }
        expected = found
        return sample
      }
    }
    let standings = try session.contest([
      turn(one.name, one.runEngine), turn(loop, one.runLoop),
    ])
    guard let expected, expected.parts > 0 else {
      throw BenchmarkError("\(one.name): the result is empty, so that it proves nothing")
    }
    session.reporter.show(
      one.name, .perRecord(one.records), standings[one.name], against: loop, standings[loop])
  }
}

extension Metric {
  /// Processor time for each record.
  fileprivate static func perRecord(_ records: Int) -> Metric {
    Metric(name: "cpu/record", unit: "ns") { $0.cpu * 1e9 / Double(records) }
  }
}
