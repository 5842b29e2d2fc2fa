// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Vocabulary

/// A plan under construction: a job's `plan` reads sources from it and writes results to it.
public final class Flow {
  var outputs: [(target: Target, stage: StageSpec, location: CodeLocation)] = []
  /// In the order in which they were declared.
  var counters: [Counter.Cell] = []
  /// What changes in a round of an iteration.
  let changes = Counter.Cell("changes")
  /// The round of an iteration that is being described.
  var round: Round?

  init() {}

  /// Begins a dataset.
  public func read<T>(
    _ source: Source<T>, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    return Dataset(
      pipeline: Pipeline(
        flow: self, branches: [Branch(source.input, [])],
        operators: [OperatorDescription("\(source.name)", location)]),
      feed: source.feed, isPlain: source.isPlain)
  }
}

/// Where a result goes.
public struct Target: Sendable {
  /// The result's name.
  public let name: String

  /// A named result: letters, digits, `-`, `_` and `.`.
  public static func result(_ name: String) -> Target { Target(name: name) }
}

/// A stage of the plan with its typed work.
@usableFromInline final class StageSpec: Sendable {
  /// At least one; their splits are numbered branch after branch.
  let branches: [Branch]
  let operators: [OperatorDescription]
  /// Stages whose records are handed to its closures, each once.
  let broadcasts: [StageSpec]
  let schema: ResultSchema
  let kernel: StageKernel
  let combines: Bool
  /// The round of an iteration in which it was described.
  let round: Round?
  /// Whether it ends that round.
  let settles: Bool
  /// Whether its closures have their place in another stage: what they count here does not count.
  let isRepeat: Bool
  /// Whether all it reads lies by its key already: each of its partitions is made of those with the
  /// same number, and nothing is shuffled.
  let isAligned: Bool
  /// How its records lie; nil where that does not follow from their keys.
  let layout: Layout?

  /// Into how many partitions its records are spread.
  var partitionCount: Int { kernel.partitioning == .single ? 1 : Limits.partitions }

  init(
    branches: [Branch], operators: [OperatorDescription], broadcasts: [StageSpec],
    schema: ResultSchema, kernel: StageKernel, combines: Bool, round: Round?, settles: Bool,
    isRepeat: Bool, aligned: Layout?
  ) {
    self.branches = branches
    self.operators = operators
    self.broadcasts = broadcasts
    self.schema = schema
    self.kernel = kernel
    self.combines = combines
    self.round = round
    self.settles = settles
    self.isRepeat = isRepeat
    isAligned = aligned != nil
    layout = aligned ?? kernel.layout
  }
}

/// One input of a stage, with the operators before it meets the others.
@usableFromInline struct Branch: Sendable {
  let input: StageInput
  let operators: [OperatorDescription]

  init(_ input: StageInput, _ operators: [OperatorDescription]) {
    self.input = input
    self.operators = operators
  }
}

/// The operators since the last stage: what will be fused into the next one.
@usableFromInline struct Pipeline {
  let flow: Flow
  let branches: [Branch]
  let operators: [OperatorDescription]
  /// Stages whose records are handed to closures.
  let broadcasts: [StageSpec]
  /// The stage whose result this is, unchanged.
  var result: StageSpec?
  /// The same where that result cannot be a job's: its records are in no order.
  @usableFromInline var inner: Pipeline {
    var inner = self
    inner.isInner = true
    return inner
  }
  private var isInner = false
  /// How its pairs lie; nil where that is not known.
  private var layout: Layout?

  init(
    flow: Flow, branches: [Branch], operators: [OperatorDescription],
    broadcasts: [StageSpec] = [], result: StageSpec? = nil
  ) {
    self.flow = flow
    self.branches = branches
    self.operators = operators
    self.broadcasts = broadcasts
    self.result = result
  }

  /// The same with one more operator, whose closure may be handed a broadcast.
  @usableFromInline func adding(
    _ name: String, _ location: CodeLocation, reading broadcast: BroadcastToken? = nil
  ) -> Pipeline {
    let others = broadcasts.filter { $0 !== broadcast?.stage }
    return Pipeline(
      flow: flow, branches: branches,
      operators: operators + [OperatorDescription(name, location)],
      broadcasts: others + (broadcast.map { [$0.stage] } ?? []))
  }

  /// The same with one more operator that leaves the keys of pairs as they are, or leaves out some
  /// pairs.
  @usableFromInline func keepingKeys(
    _ name: String, _ location: CodeLocation, reading broadcast: BroadcastToken? = nil
  ) -> Pipeline {
    var added = adding(name, location, reading: broadcast)
    added.layout = layout
    return added
  }

  /// The pairs of the stage that ends here, which lie by their key where it has put them so.
  @usableFromInline var ofPairs: Pipeline {
    var pairs = self
    // Emitted pairs lie where they were emitted.
    pairs.layout = result?.schema.order == .key ? result?.layout : nil
    // A key of a result has to be found by its hash.
    pairs.isInner = isInner || pairs.layout?.isChosen == true
    return pairs
  }

  /// The same for a stage that puts pairs where their hash says, if they lie elsewhere.
  @usableFromInline var forResult: Pipeline {
    var pairs = self
    if layout?.isChosen == true { pairs.layout = nil }
    return pairs
  }

  /// The same with an operator that cannot know where it was written: it stands at the one before.
  @usableFromInline func adding(_ name: String) -> Pipeline {
    let before = operators.last ?? result?.operators.last
    return adding(name, before?.location ?? CodeLocation(fileID: name, line: 0))
  }

  /// Ends the stage here; the result is the input of what follows.
  @usableFromInline func ending(
    _ name: String, _ location: CodeLocation, schema: ResultSchema, kernel: StageKernel,
    combines: Bool = false, settles: Bool = false, isRepeat: Bool = false
  ) -> Pipeline {
    let spec = StageSpec(
      branches: branches, operators: operators + [OperatorDescription(name, location)],
      broadcasts: broadcasts, schema: schema, kernel: kernel, combines: combines, round: flow.round,
      settles: settles, isRepeat: isRepeat,
      aligned: kernel.partitioning == .hash ? layout : nil)
    return Pipeline(flow: flow, branches: [Branch(.stage(spec), [])], operators: [], result: spec)
  }

  /// Both, one after the other: what follows is for both.
  @usableFromInline func meeting(_ other: Pipeline) -> Pipeline {
    precondition(flow === other.flow, "datasets of two plans cannot meet")
    let others = other.broadcasts.filter { one in !broadcasts.contains { $0 === one } }
    var both = Pipeline(
      flow: flow, branches: endedBranches + other.endedBranches, operators: [],
      broadcasts: broadcasts + others)
    both.layout = layout === other.layout ? layout : nil
    return both
  }

  private var endedBranches: [Branch] {
    branches.map { Branch($0.input, $0.operators + operators) }
  }

  @usableFromInline var branchCount: Int { branches.count }

  /// Names the result of the stage that ends here.
  @usableFromInline func write(_ target: Target, _ location: CodeLocation) {
    guard let result else { preconditionFailure("a result is written after a stage") }
    flow.outputs.append((target, result, location))
  }

  @usableFromInline var isResult: Bool { result != nil && !isInner }

  /// Whether a stage lies between it and what the round that is being described began with.
  @usableFromInline var isOfRound: Bool {
    branches.allSatisfy { branch in
      guard case .stage(let stage) = branch.input else { return false }
      return stage.round === flow.round && flow.round != nil
    }
  }
}
