// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Synchronization
import Vocabulary

/// An aligned stage at work on all threads of this process: each makes partitions until there are
/// none left.
final class AlignedRun: Sendable {
  private let stage: StageSpec
  /// By branch, by partition.
  private let inputs: [[Run]]
  private let pool: BlockPool
  private let tableSeed: UInt64
  private let broadcasts: BroadcastValues
  private let threads: Int
  private let progress: StageProgress
  private let cancellation: Cancellation

  private let next = Atomic<Int>(0)
  private let made: Mutex<(runs: [Run?], failure: (any Error)?)>

  init(
    _ stage: StageSpec, inputs: [[Run]], pool: BlockPool, tableSeed: UInt64,
    broadcasts: BroadcastValues, threads: Int, progress: StageProgress, cancellation: Cancellation
  ) {
    self.stage = stage
    self.inputs = inputs
    self.pool = pool
    self.tableSeed = tableSeed
    self.broadcasts = broadcasts
    self.threads = threads
    self.progress = progress
    self.cancellation = cancellation
    made = Mutex((Array(repeating: nil, count: stage.partitionCount), nil))
  }

  /// Does all the work; returns the runs of all partitions, in order.
  func run() throws -> [Run] {
    try Threads.run(threads) { [self] _ in
      do { try work() } catch {
        made.withLock { if $0.failure == nil { $0.failure = error } }
      }
    }
    let (runs, failure) = made.withLock { $0 }
    if let failure { throw failure }
    if cancellation.isCancelled { throw InlineRunner.interrupted }
    return runs.compactMap { $0 }
  }

  private func work() throws {
    let aligner = Aligner(stage, pool: pool, tableSeed: tableSeed, broadcasts: broadcasts)
    let context = FoldContext(pool: pool, tableSeed: tableSeed) { [cancellation] in
      if cancellation.isCancelled { throw InlineRunner.interrupted }
    }
    while true {
      let partition = next.add(1, ordering: .relaxed).oldValue
      guard partition < stage.partitionCount, made.withLock({ $0.failure == nil }) else { return }
      let parts = inputs.map { $0[partition] }
      let run = try aligner.make(parts, context) { records in
        progress.recordsRead.add(records, ordering: .relaxed)
        try context.progress()
        try pool.budget.check()
      }
      try pool.budget.check()
      progress.bytesRead.add(parts.reduce(0) { $0 + $1.bytes }, ordering: .relaxed)
      progress.recordsOut.add(run.records, ordering: .relaxed)
      progress.bytesOut.add(run.bytes, ordering: .relaxed)
      made.withLock { $0.runs[partition] = run }
    }
  }
}
