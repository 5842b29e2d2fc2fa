// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
package import Vocabulary

/// What of a step failed.
package enum StepPart: Hashable, Sendable {
  case split(Int, attempt: Int)
  case partition(Int)
  /// Everything: this node cannot take part.
  case all

  /// Whether both are of the same split or partition, in whatever attempt.
  func isSame(as other: StepPart) -> Bool {
    switch (self, other) {
    case (.split(let one, _), .split(let two, _)): one == two
    default: self == other
    }
  }
}

/// What members tell all members, in one total order. The scheduler decides; nodes report.
package enum ControlMessage: Hashable, Sendable {
  /// From the scheduler: a step begins, in its lane.
  case begin(StepPlan)
  /// From the scheduler: who maps what.
  case assign(StepID, [SplitAttempt])
  /// From the scheduler, after a view change: a step that came from an earlier view, for those who
  /// have just joined.
  case restate(Board.Step)
  /// From the scheduler, after a view change: these splits are complete everywhere; the rest is
  /// assigned anew where nobody works on it.
  case resume(StepID, complete: SplitSet)
  /// From the scheduler: nothing of the step is needed.
  case drop(StepID)
  /// From the scheduler: the steps whose runs are needed, in ascending order. Runs of steps that
  /// are neither named nor under way are freed.
  case live(UInt64, [LiveStep])
  /// From every receiver of a shard: what it has not, of that list.
  case stocked(UInt64, missing: [ShardRuns])
  /// From a replica, after a view change: the splits that its shard has, sealed.
  case held(StepID, shard: Int, SplitSet)
  case failed(StepID, StepPart, JobFailure, hasDied: Bool)
  case sampled(StepID, split: Int, [[UInt8]])
  /// From a replica, where the plan counts something: what closures counted in all splits, and
  /// what they counted in each partition of its shard.
  case counted(StepID, shard: Int, splits: [Int], runs: [[Int]])
  /// From the scheduler, where runs of a partition differ: these replicas tell what they have of
  /// these records.
  case compare(StepID, partition: Int, Range<Int>, [NodeID])
  /// From one of those replicas.
  case compared(StepID, partition: Int, RunExcerpt)
  /// Somebody lacks an executable; whoever has it spreads it.
  case needsCode(CodeDigest)
  /// Whether the sender has it.
  case hasCode(CodeDigest, Bool)
  /// A piece of an executable, of `size` bytes in all.
  case code(CodeDigest, size: Int, offset: Int, [UInt8])

  /// From the scheduler: these nodes, one for each shard, send what a step has made to all members,
  /// because closures of another step are handed it.
  case spread(StepID, partitions: Int, givers: [NodeID])
  /// From one of them: the next block of a run, with so many records.
  case broadcast(RunPiece, records: Int, [UInt8])

  /// About how many bytes it has: what it says of executables and records, to which the rest is
  /// little.
  var weight: Int {
    switch self {
    case .code(_, _, _, let bytes), .broadcast(_, _, let bytes): bytes.count
    default: 0
    }
  }

  /// The latest step that it tells of; 0 where it tells of none.
  var latestStep: StepID {
    switch self {
    case .begin(let plan): plan.step
    case .restate(let step): step.plan.step
    case .live(_, let steps): steps.last?.step ?? StepID(0)
    default: StepID(0)
    }
  }

  /// Whether it is sent again in the next view, where this one does not deliver it. The rest is of
  /// its view alone: it is said anew where it is still true.
  package var outlivesView: Bool {
    switch self {
    case .failed, .code: true
    default: false
    }
  }
}
