// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Synchronization
import Vocabulary

/// Runs whole plans in this process, on several threads, without a cluster.
package struct InlineRunner: Sendable {
  package let threads: Int
  private let manner: RunManner
  private let cancellation: Cancellation
  private let observer: (any RunObserver)?
  private let memory: MemoryBudget
  private let results: EarlierResults

  package init(
    threads: Int, memory: MemoryBudget = .unlimited, manner: RunManner = RunManner(),
    results: EarlierResults = EarlierResults(savedIn: []),
    cancellation: Cancellation = Cancellation(),
    observer: (any RunObserver)? = nil
  ) {
    Limits.check()
    precondition(threads >= 1 && threads <= Limits.threads, "1 to \(Limits.threads) threads")
    self.threads = threads
    self.memory = memory
    self.results = results
    self.manner = manner
    self.cancellation = cancellation
    self.observer = observer
  }

  package static var interrupted: JobError {
    JobError(.interrupted, "interrupted; nothing became visible")
  }

  /// Runs all stages; returns the results, which are still only in memory.
  package func run(_ plan: Plan, inspector: (any RunInspector)? = nil) throws -> JobResult {
    func progress() throws { if cancellation.isCancelled { throw Self.interrupted } }
    let inputs = try PlanInputs(plan, readsBeginnings: manner.readsBeginnings, progress)
    let pool = BlockPool(memory)
    var earlier = try EarlierRecords(
      plan, results, readsBeginnings: manner.readsBeginnings, pool, progress)
    try inspector?.began(readsAll: inputs.readsAll && earlier.isWhole)
    // An earlier run of this plan is no part of this one.
    _ = plan.takeCounters()
    // Secret, so that no input can aim at a table's slots; nothing that is seen depends on it.
    let tableSeed = UInt64.random(in: .min ... .max)
    var results: [[Run]?] = Array(repeating: nil, count: plan.stages.count)
    let lastReader = plan.lastReaders
    var counts: [StageCounts] = []
    var changes: [Int] = []
    for index in plan.stages.indices {
      let (isSkipped, standIn) = plan.description.skips(index) { changes[$0] }
      if isSkipped {
        results[index] = standIn.flatMap { results[$0.index] }
        counts.append(.none)
        changes.append(0)
      } else {
        let (runs, done) = try runStage(plan, index, inputs, earlier, results, pool, tableSeed)
        results[index] = runs
        counts.append(done)
        changes.append(plan.takeChanges())
        if let failure = plan.description.unsettled(index, changes: changes[index]) {
          throw JobError(failure)
        }
        let stage = plan.description.stages[index]
        try inspector?.made(stage, plan.result(of: index, named: "\(stage.id)", runs))
      }
      // A stage's records are freed with the last stage that reads them.
      for read in plan.reads(of: index) where lastReader[read] == index {
        results[read] = nil
      }
      earlier.free(after: index)
    }
    let outputs = plan.description.outputs.map { output in
      plan.result(
        of: output.stage.index, named: output.name, results[output.stage.index] ?? [])
    }
    let totals = zip(plan.description.counters, plan.takeCounters())
    return JobResult(
      outputs: outputs, stages: counts,
      counters: totals.map { CounterValue(name: $0, value: $1) },
      spilledBytes: memory.scratch?.spilledBytes ?? 0)
  }

  private func runStage(
    _ plan: Plan, _ index: Int, _ inputs: PlanInputs, _ earlier: EarlierRecords,
    _ results: [[Run]?], _ pool: BlockPool, _ tableSeed: UInt64
  ) throws -> ([Run], StageCounts) {
    let stage = plan.stages[index]
    if stage.isAligned { return try runAligned(plan, index, results, pool, tableSeed) }
    var source = SplitSource(
      branches: plan.description.stages[index].branches.map { branch in
        switch branch.input {
        case .files(let paths, let format): return inputs.source(of: paths, format)
        case .values(let count):
          return SplitSource(Splits.values(count: count).map { .values($0) }, totalBytes: 0)
        case .result(let input): return earlier.source(of: input)
        case .stage(let stage):
          let runs = results[stage.index] ?? []
          return SplitSource(
            Splits.slices(of: runs), totalBytes: runs.reduce(0) { $0 + $1.bytes })
        }
      })
    let broadcasts = broadcasts(plan, index, results)
    return try watched(plan, index, totalBytes: source.totalBytes) { progress in
      var splitters: Splitters?
      if stage.kernel.partitioning == .range {
        // Sampled elements come once more.
        (splitters, source) = try plan.withoutCounting { try sampled(stage, source, broadcasts) }
      }
      if manner.mapsBackward {
        source.handOutBackward(inGroupsOf: StageRun.splitsUnderWay(threads: threads))
      }
      let run = StageRun(
        stage, source: source, pool: pool, splitters: splitters, tableSeed: tableSeed,
        broadcasts: broadcasts, threads: threads, progress: progress, cancellation: cancellation)
      return stage.isRepeat ? try plan.withoutCounting { try run.run() } : try run.run()
    }
  }

  /// A stage whose partitions are each made of those with the same number.
  private func runAligned(
    _ plan: Plan, _ index: Int, _ results: [[Run]?], _ pool: BlockPool, _ tableSeed: UInt64
  ) throws -> ([Run], StageCounts) {
    let inputs = plan.description.stages[index].branches.map { branch in
      guard case .stage(let earlier) = branch.input else {
        preconditionFailure("what lies by key is an earlier stage's")
      }
      return results[earlier.index] ?? []
    }
    let bytes = inputs.joined().reduce(0) { $0 + $1.bytes }
    return try watched(plan, index, totalBytes: bytes) { progress in
      try AlignedRun(
        plan.stages[index], inputs: inputs, pool: pool, tableSeed: tableSeed,
        broadcasts: broadcasts(plan, index, results), threads: threads, progress: progress,
        cancellation: cancellation
      ).run()
    }
  }

  /// Does the work of a stage while the observer looks on.
  private func watched(
    _ plan: Plan, _ index: Int, totalBytes: Int?, _ body: (StageProgress) throws -> [Run]
  ) throws -> ([Run], StageCounts) {
    let progress = StageProgress(plan.description.stages[index], totalBytes: totalBytes)
    observer?.stageBegan(progress)
    defer { observer?.stageEnded(progress) }
    let began = ContinuousClock.now
    let runs = try body(progress)
    let elapsed = (ContinuousClock.now - began) / .nanoseconds(1)
    progress.nanoseconds.store(Int(elapsed), ordering: .relaxed)
    return (runs, progress.counts)
  }

  private func broadcasts(_ plan: Plan, _ index: Int, _ results: [[Run]?]) -> BroadcastValues {
    BroadcastValues(
      zip(plan.stages[index].broadcasts, plan.description.stages[index].broadcasts).map {
        (spec, id) in (spec, results[id.index] ?? [])
      })
  }

  /// Samples the keys of a sort over all of its input, evenly.
  private func sampled(
    _ stage: StageSpec, _ source: SplitSource, _ broadcasts: BroadcastValues
  ) throws -> (Splitters, SplitSource) {
    let splits = try source.all(isCancelled: { cancellation.isCancelled })
    var samples: [[UInt8]] = []
    for index in Splits.sampled(of: splits.count) {
      if cancellation.isCancelled { throw Self.interrupted }
      try SplitMapper.sample(splits[index], stage, broadcasts, &samples)
    }
    return (
      Splitters(samples: samples, partitions: Limits.partitions),
      SplitSource(read: splits, totalBytes: source.totalBytes ?? 0)
    )
  }
}

extension Plan {
  /// What a stage has made, as it can be shown.
  fileprivate func result(of stage: Int, named name: String, _ runs: [Run]) -> StageResult {
    StageResult(
      name: name, schema: description.stages[stage].schema,
      isHashed: stages[stage].kernel.partitioning == .hash, runs: runs)
  }
}

/// The results of a job, complete and in memory.
package struct JobResult: Sendable {
  package let outputs: [StageResult]
  package let stages: [StageCounts]
  /// What its closures counted, in the order of the plan.
  package let counters: [CounterValue]
  /// Bytes of records that had to leave memory.
  package let spilledBytes: Int

  package init(
    outputs: [StageResult], stages: [StageCounts], counters: [CounterValue], spilledBytes: Int = 0
  ) {
    self.outputs = outputs
    self.stages = stages
    self.counters = counters
    self.spilledBytes = spilledBytes
  }
}

/// One named result.
package struct StageResult: Sendable {
  package let name: String
  package let schema: ResultSchema
  /// Whether keys were spread by hash, so that the runs have to be merged.
  let isHashed: Bool
  let runs: [Run]
  /// Of the whole result, where its runs here are only the beginning of each.
  var whole: RunExtent?

  var spread: RunSpread {
    if isHashed { return .hash }
    return runs.count > 1 ? .ranges(runs.map(\.records)) : .one
  }

  package var records: Int { whole?.records ?? runs.reduce(0) { $0 + $1.records } }
  package var bytes: Int { whole?.bytes ?? runs.reduce(0) { $0 + $1.bytes } }
}
