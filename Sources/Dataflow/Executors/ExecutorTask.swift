// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// The folding of one partition in one step: an executor keeps what it has gathered of it from one
/// task to the next.
package struct FoldID: Hashable, Sendable {
  package let step: StepID
  package let partition: Int

  package init(step: StepID, partition: Int) {
    self.step = step
    self.partition = partition
  }
}

/// The records that a map task reads.
package enum MapInput: Sendable {
  case files([FileRange])
  /// Indices into the values that the plan holds.
  case values(Range<Int>)
  /// `count` records of an earlier stage, behind the first `skip` of those in `blocks`.
  case records([Block], skip: Int, count: Int)
}

/// Work for one executor of a node: all that ever runs a job's own code.
package struct ExecutorTask: Sendable {
  package enum Work: Sendable {
    /// Builds the plan, and finds the files that its stages read.
    case plan
    /// Finds the files of an input.
    case list(BranchID)
    /// Collects sort keys from the beginning of a split.
    case sample(BranchID, MapInput)
    /// Maps a split into blocks. `splitters` are the sampled keys, where partitions are ranges.
    case map(BranchID, MapInput, samples: [[UInt8]])
    /// Takes blocks into what was gathered of a partition, in this order. With the last ones it
    /// makes the run, and forgets what was gathered.
    case fold(FoldID, StageID, [Block], isLast: Bool)
    /// Makes the run of a partition of those with the same number, by branch of the stage.
    case align(FoldID, StageID, [[Block]])
  }

  /// Counted by the node; reports carry it.
  package let number: UInt64
  package let job: JobSpec
  /// Of the plan that it belongs to, once that is known: an executor that builds another plan does
  /// nothing for it.
  package let fingerprint: UInt64?
  /// What closures are handed, with its blocks by partition.
  package let broadcasts: [(input: BroadcastInput, runs: [[Block]])]
  package let work: Work

  package init(
    number: UInt64, job: JobSpec, fingerprint: UInt64?,
    broadcasts: [(input: BroadcastInput, runs: [[Block]])] = [], work: Work
  ) {
    self.number = number
    self.job = job
    self.fingerprint = fingerprint
    self.broadcasts = broadcasts
    self.work = work
  }
}

/// What an executor tells of its task. All but `block`, `runBlock` and `spilled` end it.
package enum TaskReport: Sendable {
  /// With the files of each input that reads some.
  case planned(PlanDescription, files: [BranchFiles])
  case listed([InputFile])
  case sampled([[UInt8]])
  /// A block of records for a partition.
  case block(partition: Int, Block)
  case mapped(SplitTally)
  case folded
  /// So many bytes of what it folds went to scratch.
  case spilled(Int)
  /// The next block of the partition's run.
  case runBlock(Block)
  case finished(RunTally)
  /// The closure threw, or something that it needs is not there. The executor lives on.
  case failed(JobFailure)
}
