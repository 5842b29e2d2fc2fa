// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Replication
import Testing
import Vocabulary

@testable import Dataflow

/// What coordinators know, changed by commands as bytes, as it is in a cluster.
struct Coordinated {
  var state = Coordination()
  private var sequence: UInt64 = 0

  /// `reads`: what the first stage reads, where that is the result of an earlier job.
  static func plan(
    stages: Int = 1, outputs: [String] = ["result"], reads: [ResultInput] = []
  ) -> PlanDescription {
    let location = CodeLocation(fileID: "Jobs/A.swift", line: 3)
    let schema = ResultSchema(key: .bytes, value: .double, shape: .pairs, order: .key)
    return PlanDescription(
      job: "count",
      stages: (0..<stages).map { stage in
        let source = reads.isEmpty ? [.values(count: 3)] : reads.map { InputDescription.result($0) }
        let inputs = stage == 0 ? source : [.stage(StageID(stage - 1))]
        return StageDescription(
          id: StageID(stage), branches: inputs.map { BranchDescription($0, []) },
          operators: [OperatorDescription("map", location)], shuffle: "hash", combines: false,
          schema: schema)
      },
      outputs: outputs.map {
        OutputDescription(name: $0, stage: StageID(stages - 1), location: location)
      })
  }

  @discardableResult
  mutating func apply(_ command: JobCommand) throws -> JobAnswer {
    sequence += 1
    let version = Version(view: 1, sequence: sequence)
    let bytes = Samples.bytes { command.write(into: &$0) }
    let answer = try bytes.withBytes { try state.apply($0, at: version) }
    return try answer.withBytes { try JobAnswer.read($0) }
  }

  /// A command that is said again, or too late, is taken and changes nothing.
  mutating func expectNoEffect(
    _ command: JobCommand, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = state
    #expect(try apply(command) == .taken, sourceLocation: sourceLocation)
    #expect(state == before, sourceLocation: sourceLocation)
  }

  func ask(_ question: JobQuestion) throws -> JobAnswer? {
    let bytes = Samples.bytes { question.write(into: &$0) }
    let answer = try bytes.withBytes { try state.answer($0) }
    return try answer?.withBytes { try JobAnswer.read($0) }
  }

  mutating func submit(_ name: String = "count") throws -> JobID {
    guard case .submitted(let id) = try apply(.submit(Samples.spec(name), clock: 100)) else {
      throw Refusal("a job that is submitted has a number")
    }
    return id
  }

  func stageCommand(
    _ id: JobID, _ stage: Int, step: UInt64, attempt: Int? = nil, bytes: Int = 10,
    retention: Retention = Retention(), clock: UInt64 = 200
  ) -> JobCommand {
    let record = StageRecord(
      step: StepID(step),
      runs: [Samples.runTally(records: 1, bytes: bytes), Samples.runTally(records: 0, bytes: 0)],
      input: Samples.splitTally(3), splits: 2, microseconds: 5)
    let attempt = attempt ?? state.jobs[id]?.attempt ?? 0
    return .stage(id, attempt: attempt, StageID(stage), record, retention, clock: clock)
  }

  mutating func stage(_ id: JobID, _ stage: Int, step: UInt64, clock: UInt64 = 200) throws {
    try apply(stageCommand(id, stage, step: step, clock: clock))
  }

  /// A job of one stage, from its submission to its result.
  @discardableResult
  mutating func commit(
    _ output: String, step: UInt64, bytes: Int = 10, retention: Retention = Retention(),
    clock: UInt64 = 200
  ) throws -> JobID {
    let id = try submit()
    try apply(.begin(id, attempt: 1, Self.plan(outputs: [output]), clock: clock))
    try apply(
      stageCommand(id, 0, step: step, bytes: bytes, retention: retention, clock: clock))
    return id
  }
}
