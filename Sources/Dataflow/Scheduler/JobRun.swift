// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// A job as its scheduler sees it.
struct JobRun: Sendable {
  enum Phase: Sendable {
    /// An executor builds the plan.
    case planning
    /// Executors find the files of stages: so many are still to come.
    case listing(left: Int)
    /// The coordinators were told to begin it, and choose the versions of results that it reads.
    case beginning
    /// The next stage can begin.
    case ready
    case sampling(StepID, Sampling)
    case working(StepID, Working)
    /// Replicas made different runs: it is being found out where they differ.
    case comparing(StepID, Comparison)
    /// The stage is complete, and the coordinators were told.
    case committing(StepID)
    /// It failed, and the coordinators were told.
    case failing
  }

  let id: JobID
  let spec: JobSpec
  /// The attempt that it runs.
  let attempt: Int
  /// Steps of the job use one lane, one after the other. Nil while it has to wait for one.
  var lane: Int?
  var phase: Phase
  var plan: PlanDescription?
  /// The stage that runs, or is next.
  var stage = 0
  /// What closures of the stage that is next are handed.
  var broadcasts: [BroadcastInput] = []
  /// What of it nobody was told to send.
  var unspread: [BroadcastInput] = []
  /// Sampled keys of the stage that is next, where it needs them.
  var samples: [[UInt8]]?
  /// The files of inputs that read some, where they are known here.
  var files: [BranchID: [InputFile]] = [:]
  /// Errands that an executor has died over, and another one was sent on.
  var repeated: [Errand] = []
  /// What ended steps of this attempt, that were begun anew.
  var failures: [(stage: Int, part: StepPart, failure: JobFailure)] = []
  /// Why it does not go on; nil where it does.
  var waits: String?

  init(_ job: JobRecord, attempt: Int, phase: Phase) {
    id = job.id
    spec = job.spec
    self.attempt = attempt
    self.phase = phase
  }

  /// The step that it waits for.
  var step: StepID? {
    switch phase {
    case .sampling(let step, _), .working(let step, _), .comparing(let step, _): step
    default: nil
    }
  }

  /// Inputs of stages from the next one on whose files are not known.
  var unlisted: [BranchID] {
    guard let plan else { return [] }
    return plan.branches.filter { id, input in
      guard case .files = input, id.stage.index >= stage else { return false }
      return files[id] == nil
    }.map(\.id)
  }
}

/// A step that collects sort keys.
struct Sampling: Sendable {
  /// By sampled split.
  var keys: [[[UInt8]]?]
  var assigning: Assigning?

  /// The keys of all splits, in order; nil while some are to come.
  var all: [[UInt8]]? {
    keys.allSatisfy { $0 != nil } ? keys.flatMap { $0 ?? [] } : nil
  }
}

/// A step that makes runs.
struct Working: Sendable {
  /// Nil until members know of the step, or what of it is complete.
  var assigning: Assigning?
  /// By shard, where the step comes from an earlier view: what its replicas have.
  var held: [SplitSet?]
  /// Whether members were told to go on.
  var isResumed: Bool
  let began: UInt64
  /// By shard, where the plan counts something.
  var counted: [(splits: [Int], runs: [[Int]])?]
  /// What failed, by split.
  var failures: [(split: Int, failure: JobFailure)] = []
}

extension InputDescription {
  /// The splits of a source.
  func splits(files: [InputFile]) -> [SplitDescription] {
    switch self {
    case .files: Splits.pack(files).map { .files($0) }
    case .values(let count): Splits.values(count: count).map { .values($0) }
    case .stage, .result: []
    }
  }
}

extension StageDescription {
  package var partitions: Int { shuffle == "single" ? 1 : Limits.partitions }
  package var isHashed: Bool { shuffle == "hash" }
  var isSampled: Bool { shuffle == "range" }
}
