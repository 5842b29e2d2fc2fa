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
  package init<J: Job>(_ job: J) throws {
    let flow = Flow()
    try job.plan(flow)
    guard !flow.outputs.isEmpty else {
      throw JobError(
        .usage, "job \(J.name) writes no result", advice: "end its plan with .write(.result(…))")
    }
    var names: Set<String> = []
    for output in flow.outputs {
      try Self.checkName(output.target.name, output.location)
      guard names.insert(output.target.name).inserted else {
        throw JobError(
          .usage, "job \(J.name) writes two results named \(output.target.name)",
          location: "\(output.location)", advice: "give each result a name of its own")
      }
    }
    var ordered: [StageSpec] = []
    for output in flow.outputs { Self.visit(output.stage, &ordered) }
    stages = ordered
    counters = flow.counters
    description = Self.describe(J.name, ordered, flow)
  }

  /// Whether standard input is among what it reads: only the process itself can do that.
  package var readsStandardInput: Bool {
    stages.contains { stage in
      guard case .files(let paths, _) = stage.input else { return false }
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

  private static func visit(_ stage: StageSpec, _ ordered: inout [StageSpec]) {
    if ordered.contains(where: { $0 === stage }) { return }
    if case .stage(let earlier) = stage.input { visit(earlier, &ordered) }
    ordered.append(stage)
  }

  private static func describe(
    _ job: String, _ stages: [StageSpec], _ flow: Flow
  ) -> PlanDescription {
    func id(_ stage: StageSpec) -> StageID {
      StageID(stages.firstIndex { $0 === stage } ?? stages.count)
    }
    let described = stages.map { stage in
      let input: InputDescription =
        switch stage.input {
        case .files(let paths, let format): .files(paths, format)
        case .values(let count): .values(count: count)
        case .stage(let earlier): .stage(id(earlier))
        }
      return StageDescription(
        id: id(stage), input: input, operators: stage.operators,
        shuffle: "\(stage.kernel.partitioning)", combines: stage.combines, schema: stage.schema)
    }
    let outputs = flow.outputs.map {
      OutputDescription(name: $0.target.name, stage: id($0.stage), location: $0.location)
    }
    return PlanDescription(
      job: job, stages: described, outputs: outputs, counters: flow.counters.map(\.name))
  }

  /// The stage that `stage` reads; nil where it reads a source.
  func inputStage(of stage: Int) -> Int? {
    guard case .stage(let id) = description.stages[stage].input else { return nil }
    return id.index
  }
}
