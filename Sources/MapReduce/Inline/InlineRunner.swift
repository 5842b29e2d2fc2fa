// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Synchronization
import Vocabulary

/// Runs whole plans in this process, on several threads, without a cluster.
package struct InlineRunner: Sendable {
  package let threads: Int
  private let cancellation: Cancellation
  private let observer: (any RunObserver)?

  package init(
    threads: Int, cancellation: Cancellation = Cancellation(), observer: (any RunObserver)? = nil
  ) {
    Limits.check()
    precondition(threads >= 1 && threads <= Limits.threads, "1 to \(Limits.threads) threads")
    self.threads = threads
    self.cancellation = cancellation
    self.observer = observer
  }

  package static var interrupted: JobError {
    JobError(.interrupted, "interrupted; nothing became visible")
  }

  /// Runs all stages; returns the results, which are still only in memory.
  package func run(_ plan: Plan) throws -> JobResult {
    let inputs = try PlanInputs(plan) {
      if cancellation.isCancelled { throw Self.interrupted }
    }
    // An earlier run of this plan is no part of this one.
    _ = plan.takeCounters()
    let pool = BlockPool()
    // Secret, so that no input can aim at a table's slots; nothing that is seen depends on it.
    let tableSeed = UInt64.random(in: .min ... .max)
    var results: [[Run]?] = Array(repeating: nil, count: plan.stages.count)
    var lastUse = plan.stages.indices.map { plan.inputStage(of: $0) }
    var counts: [StageCounts] = []
    for index in plan.stages.indices {
      let input = plan.inputStage(of: index).flatMap { results[$0] }
      let (runs, done) = try runStage(plan, index, inputs, input: input, pool, tableSeed)
      results[index] = runs
      counts.append(done)
      // A stage's records are freed with the last stage that reads them.
      lastUse[index] = nil
      for earlier in 0..<index {
        let isWritten = plan.description.outputs.contains { $0.stage.index == earlier }
        if !isWritten, !lastUse.contains(earlier) { results[earlier] = nil }
      }
    }
    let outputs = plan.description.outputs.map { output in
      StageResult(
        name: output.name, schema: plan.description.stages[output.stage.index].schema,
        isHashed: plan.stages[output.stage.index].kernel.partitioning == .hash,
        runs: results[output.stage.index] ?? [])
    }
    let totals = zip(plan.description.counters, plan.takeCounters())
    return JobResult(
      outputs: outputs, stages: counts,
      counters: totals.map { CounterValue(name: $0, value: $1) })
  }

  private func runStage(
    _ plan: Plan, _ index: Int, _ inputs: PlanInputs, input: [Run]?, _ pool: BlockPool,
    _ tableSeed: UInt64
  ) throws -> ([Run], StageCounts) {
    let stage = plan.stages[index]
    var source: SplitSource
    switch stage.input {
    case .lines(let paths): source = inputs.source(of: paths)
    case .values(let count):
      source = SplitSource(Splits.values(count: count).map { .values($0) }, totalBytes: 0)
    case .stage:
      let runs = input ?? []
      source = SplitSource(
        Splits.slices(of: runs), totalBytes: runs.reduce(0) { $0 + $1.bytes })
    }
    let progress = StageProgress(plan.description.stages[index], totalBytes: source.totalBytes)
    observer?.stageBegan(progress)
    defer { observer?.stageEnded(progress) }
    let began = ContinuousClock.now
    var splitters: Splitters?
    if stage.kernel.partitioning == .range {
      // Sampled elements come once more.
      (splitters, source) = try plan.withoutCounting { try sampled(stage, source) }
    }
    let runs = try StageRun(
      stage, source: source, pool: pool, splitters: splitters, tableSeed: tableSeed,
      threads: threads, progress: progress, cancellation: cancellation
    ).run()
    let elapsed = (ContinuousClock.now - began) / .nanoseconds(1)
    progress.nanoseconds.store(Int(elapsed), ordering: .relaxed)
    return (runs, progress.counts)
  }

  /// Samples the keys of a sort over all of its input, evenly.
  private func sampled(
    _ stage: StageSpec, _ source: SplitSource
  ) throws -> (Splitters, SplitSource) {
    let splits = try source.all(isCancelled: { cancellation.isCancelled })
    var samples: [[UInt8]] = []
    for index in Splits.sampled(of: splits.count) {
      if cancellation.isCancelled { throw Self.interrupted }
      try SplitMapper.sample(splits[index], stage, &samples)
    }
    return (
      Splitters(samples: samples, partitions: Limits.partitions),
      SplitSource(splits, totalBytes: source.totalBytes ?? 0)
    )
  }
}

/// The results of a job, complete and in memory.
package struct JobResult: Sendable {
  package let outputs: [StageResult]
  package let stages: [StageCounts]
  /// What its closures counted, in the order of the plan.
  package let counters: [CounterValue]

  package init(outputs: [StageResult], stages: [StageCounts], counters: [CounterValue]) {
    self.outputs = outputs
    self.stages = stages
    self.counters = counters
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

  package var records: Int { whole?.records ?? runs.reduce(0) { $0 + $1.records } }
  package var bytes: Int { whole?.bytes ?? runs.reduce(0) { $0 + $1.bytes } }
}
