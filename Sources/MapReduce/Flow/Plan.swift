// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Vocabulary

/// A finished plan: the stages that its outputs need, in an order in which they can run.
package struct Plan: Sendable {
  package let description: PlanDescription
  let stages: [StageSpec]
  /// What its closures add to.
  let counters: [Counter.Cell]

  /// Builds the plan of a job, and checks it.
  package init<J: Job>(_ job: J) throws { try self.init(J.name, job.plan) }

  /// Builds a plan that is no job's, and checks it.
  package init(_ job: String, _ describe: (Flow) throws -> Void) throws {
    let flow = Flow()
    try describe(flow)
    guard !flow.outputs.isEmpty else {
      throw JobError(
        .usage, "job \(job) writes no result", advice: "end its plan with .write(.result(…))")
    }
    var names: Set<String> = []
    for output in flow.outputs {
      try Self.checkName(output.target.name, output.location)
      guard !output.stage.isRepeat || output.stage.round == nil else {
        throw JobError(
          .usage, "a round of an iteration cannot have dead letters",
          location: "\(output.location)",
          advice: "leave out bad records before the iteration")
      }
      guard names.insert(output.target.name).inserted else {
        throw JobError(
          .usage, "job \(job) writes two results named \(output.target.name)",
          location: "\(output.location)", advice: "give each result a name of its own")
      }
    }
    var ordered: [StageSpec] = []
    var known: Set<ObjectIdentifier> = []
    for output in flow.outputs { Self.visit(output.stage, &known, &ordered) }
    guard ordered.count <= Limits.stages else {
      throw JobError(
        .usage,
        "job \(job) has \(ordered.count.grouped) stages, and \(Limits.stages.grouped) at most",
        advice: "iterate in fewer rounds, or split the job")
    }
    try Self.checkRounds(ordered, flow)
    stages = ordered
    let description = Self.describe(job, ordered, flow)
    for (_, input, reader) in description.resultInputs {
      try Self.checkName(input.name, reader?.location ?? flow.outputs[0].location)
    }
    counters = flow.counters + (description.countsChanges ? [flow.changes] : [])
    self.description = description
  }

  /// Whether standard input is among what it reads: only the process itself can do that.
  package var readsStandardInput: Bool {
    description.branches.contains { _, input in
      guard case .files(let paths, _) = input else { return false }
      return paths.contains("-")
    }
  }

  private static func checkName(_ name: String, _ location: CodeLocation) throws {
    let isPlain = name.utf8.allSatisfy {
      ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D
        || $0 == 0x5F || $0 == 0x2E
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 100 else {
      throw JobError(
        .usage, "a result cannot be named \"\(name)\"", location: "\(location)",
        advice: "use up to 100 letters, digits, '-', '_' and '.', not beginning with a dot")
    }
  }

  private static func visit(
    _ stage: StageSpec, _ known: inout Set<ObjectIdentifier>, _ ordered: inout [StageSpec]
  ) {
    guard known.insert(ObjectIdentifier(stage)).inserted else { return }
    for earlier in stage.reads { visit(earlier, &known, &ordered) }
    ordered.append(stage)
  }

  /// A stage that may not be run has nothing for others to read, except the one that ends a round.
  private static func checkRounds(_ stages: [StageSpec], _ flow: Flow) throws {
    func check(_ stage: StageSpec, readBy reader: Round?, at location: CodeLocation?) throws {
      guard !stage.settles, let round = stage.round, !round.after.isEmpty,
        reader.map({ !$0.isInside(round) }) ?? true
      else { return }
      throw JobError(
        .usage, "what a round of an iteration makes is read outside of it",
        location: location.map { "\($0)" },
        advice: "read what iterate gives, or end the iteration without until")
    }
    for stage in stages {
      for earlier in stage.reads {
        try check(earlier, readBy: stage.round, at: stage.operators.last?.location)
      }
    }
    for output in flow.outputs { try check(output.stage, readBy: nil, at: output.location) }
  }

  private static func describe(
    _ job: String, _ stages: [StageSpec], _ flow: Flow
  ) -> PlanDescription {
    let places = Dictionary(
      uniqueKeysWithValues: stages.enumerated().map { (ObjectIdentifier($1), $0) })
    func id(_ stage: StageSpec) -> StageID {
      guard let place = places[ObjectIdentifier(stage)] else {
        preconditionFailure("a stage that is read is in the plan")
      }
      return StageID(place)
    }
    let described = stages.map { stage in
      let branches = stage.branches.map { branch in
        let input: InputDescription =
          switch branch.input {
          case .files(let paths, let format): .files(paths, format)
          case .values(let count): .values(count: count)
          case .stage(let earlier): .stage(id(earlier))
          case .result(let earlier): .result(earlier)
          }
        return BranchDescription(input, branch.operators)
      }
      return StageDescription(
        id: id(stage), branches: branches, operators: stage.operators,
        broadcasts: stage.broadcasts.map(id),
        shuffle: "\(stage.kernel.partitioning)", isAligned: stage.isAligned,
        combines: stage.combines, schema: stage.schema,
        round: stage.round.map { round in
          RoundDescription(
            number: round.number, count: round.count, after: round.after.map(id),
            settles: stage.settles, mustSettle: round.mustSettle)
        })
    }
    let outputs = flow.outputs.map {
      OutputDescription(name: $0.target.name, stage: id($0.stage), location: $0.location)
    }
    return PlanDescription(
      job: job, stages: described, outputs: outputs, counters: flow.counters.map(\.name))
  }

  /// The stages whose records a stage needs.
  func reads(of stage: Int) -> [Int] { description.stages[stage].reads.map(\.index) }

  /// By stage: the last one that needs its records; those of outputs are needed to the end.
  var lastReaders: [Int] {
    var last = Array(repeating: -1, count: stages.count)
    for stage in stages.indices {
      for earlier in reads(of: stage) { last[earlier] = stage }
    }
    for output in description.outputs { last[output.stage.index] = stages.count }
    return last
  }
}
