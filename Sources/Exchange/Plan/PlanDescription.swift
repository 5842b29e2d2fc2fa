// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// A step of a plan as its author wrote it.
package struct OperatorDescription: Hashable, Sendable {
  /// The method's name: `flatMap`, `reduce`.
  package let name: String
  package let location: CodeLocation

  package init(_ name: String, _ location: CodeLocation) {
    self.name = name
    self.location = location
  }
}

/// What a result's records look like.
@usableFromInline package struct ResultSchema: Hashable, Sendable {
  /// Which columns are shown.
  @usableFromInline package enum Shape: String, Sendable {
    /// Keys with values.
    case pairs
    /// Elements that are their own key.
    case keys
    /// Elements without a key, or whose key only orders them.
    case values
  }

  /// What the order of the records means.
  @usableFromInline package enum Order: String, Sendable {
    /// Sorted by key bytes, so that a key can be found.
    case key
    /// As the input stood.
    case input
    /// The greatest first.
    case rank
  }

  package let key: TypeCode
  package let value: TypeCode
  package let shape: Shape
  package let order: Order

  @usableFromInline package init(
    key: TypeCode, value: TypeCode, shape: Shape, order: Order
  ) {
    self.key = key
    self.value = value
    self.shape = shape
    self.order = order
  }
}

/// Where a stage's records come from.
package enum InputDescription: Hashable, Sendable {
  /// Records of files: paths, globs, `-` for standard input.
  case files([String], FileFormat)
  /// Values that the plan holds.
  case values(count: Int)
  /// The result of an earlier stage.
  case stage(StageID)
  /// The result of an earlier job.
  case result(ResultInput)

  /// Lines of files.
  package static func lines(_ paths: [String]) -> InputDescription { .files(paths, .lines) }
}

/// One input of a stage.
package struct BranchDescription: Hashable, Sendable {
  package let input: InputDescription
  /// Operators for this input alone, before it meets the others.
  package let operators: [OperatorDescription]

  package init(_ input: InputDescription, _ operators: [OperatorDescription]) {
    self.input = input
    self.operators = operators
  }
}

/// One stage: what is read, which operators are fused, how the records are brought together.
package struct StageDescription: Hashable, Sendable {
  package let id: StageID
  /// At least one. Records of the first come before those of the second.
  package let branches: [BranchDescription]
  /// Operators for all inputs.
  package let operators: [OperatorDescription]
  /// Stages whose records are handed to its closures.
  package let broadcasts: [StageID]
  /// How records are spread over partitions: `hash`, `range`, `single`.
  package let shuffle: String
  /// Whether all it reads lies by its key already: nothing is shuffled.
  package let isAligned: Bool
  /// Whether values are combined before the shuffle.
  package let combines: Bool
  package let schema: ResultSchema
  /// Nil where it is of no iteration.
  package let round: RoundDescription?

  package init(
    id: StageID, branches: [BranchDescription], operators: [OperatorDescription],
    broadcasts: [StageID] = [], shuffle: String, isAligned: Bool = false, combines: Bool,
    schema: ResultSchema, round: RoundDescription? = nil
  ) {
    self.id = id
    self.branches = branches
    self.operators = operators
    self.broadcasts = broadcasts
    self.shuffle = shuffle
    self.isAligned = isAligned
    self.combines = combines
    self.schema = schema
    self.round = round
  }

  /// A stage with one input, for which all of its operators are.
  package init(
    id: StageID, input: InputDescription, operators: [OperatorDescription], shuffle: String,
    combines: Bool, schema: ResultSchema
  ) {
    self.init(
      id: id, branches: [BranchDescription(input, [])], operators: operators, shuffle: shuffle,
      combines: combines, schema: schema)
  }

  /// `WordCount.swift:14 flatMap+reduce`: the name in plans, progress and errors.
  package var name: String {
    let names = operators.map(\.name).joined(separator: "+")
    return operators.first.map { "\($0.location) \(names)" } ?? names
  }
}

extension PlanDescription {
  /// All inputs of all stages, in order.
  package var branches: [(id: BranchID, input: InputDescription)] {
    stages.flatMap { stage in
      stage.branches.enumerated().map { (BranchID(stage.id, $0), $1.input) }
    }
  }
}

/// A named result of a plan.
package struct OutputDescription: Hashable, Sendable {
  package let name: String
  package let stage: StageID
  package let location: CodeLocation

  package init(name: String, stage: StageID, location: CodeLocation) {
    self.name = name
    self.stage = stage
    self.location = location
  }
}

/// A whole plan: equal descriptions mean equal work.
package struct PlanDescription: Hashable, Sendable {
  package let job: String
  package let stages: [StageDescription]
  package let outputs: [OutputDescription]
  /// The names of what its closures count, in the order in which they were declared.
  package let counters: [String]

  package init(
    job: String, stages: [StageDescription], outputs: [OutputDescription],
    counters: [String] = []
  ) {
    self.job = job
    self.stages = stages
    self.outputs = outputs
    self.counters = counters
  }
}
