// SPDX-License-Identifier: Apache-2.0
import Dataflow
package import Exchange
import Memory
import Runtime
import Vocabulary

/// What a whole job leaves.
package struct DrivenJob {
  package let plan: PlanDescription
  /// The runs of each output, by partition.
  package var outputs: [String: [RunTally]] = [:]
  package var splits: [SplitTally] = []
}

/// Does with a pool what the nodes of a cluster do for a job: plan, list, split, sample, map, fold
/// in the order of the splits, finish.
package struct Driver {
  package let place: Workplace
  package let job: JobSpec
  package let executable: String

  package init(place: Workplace, job: JobSpec, executable: String) {
    self.place = place
    self.job = job
    self.executable = executable
  }

  private struct HeldRun {
    var blocks: [Block]
    var tally: RunTally
  }

  package func run() throws -> DrivenJob {
    guard case .planned(let plan, _) = try perform([.plan])[0].report() else { throw Unexpected() }
    var driven = DrivenJob(plan: plan)
    var runs: [[HeldRun]] = []
    var steps: [StepID] = []
    var changes: [Int] = []
    for stage in plan.stages {
      steps.append(StepID(place.nextNumber()))
      let (isSkipped, standIn) = plan.skips(stage.id.index) { changes[$0] }
      if isSkipped {
        runs.append(standIn.map { runs[$0.index] } ?? [])
        changes.append(0)
        continue
      }
      let inputs = try stage.branches.enumerated().flatMap { index, branch in
        let id = BranchID(stage.id, index)
        return try self.inputs(id, branch.input, runs).map { (branch: id, input: $0) }
      }
      let broadcasts = stage.broadcasts.map { id in
        let held = runs[id.index]
        return (
          input: BroadcastInput(stage: id, step: steps[id.index], partitions: held.count),
          runs: held.map(\.blocks)
        )
      }
      if stage.isAligned {
        let held = try align(stage, steps[stage.id.index], runs, broadcasts, plan)
        runs.append(held)
        changes.append(self.changes(held, plan))
        continue
      }
      let samples = try self.samples(stage, inputs, broadcasts, plan)
      let work = inputs.map { ExecutorTask.Work.map($0.branch, $0.input, samples: samples) }
      let mapped = try perform(work, plan, broadcasts)
      for result in mapped {
        guard case .mapped(let tally) = try result.report() else { throw Unexpected() }
        driven.splits.append(tally)
      }
      let held = try fold(stage, steps[stage.id.index], mapped, plan)
      runs.append(held)
      changes.append(self.changes(held, plan))
    }
    for output in plan.outputs {
      driven.outputs[output.name] = runs[output.stage.index].map(\.tally)
    }
    return driven
  }

  package struct Unexpected: Error {}

  private func changes(_ held: [HeldRun], _ plan: PlanDescription) -> Int {
    held.reduce(0) { sum, run in
      let counters = run.tally.counters
      return sum + (counters.count > plan.counters.count ? counters[plan.counters.count] : 0)
    }
  }

  /// Makes each partition of those with the same number.
  private func align(
    _ stage: StageDescription, _ step: StepID, _ runs: [[HeldRun]],
    _ broadcasts: [(input: BroadcastInput, runs: [[Block]])], _ plan: PlanDescription
  ) throws -> [HeldRun] {
    let work = (0..<Limits.partitions).map { partition in
      let inputs = stage.branches.map { branch -> [Block] in
        guard case .stage(let earlier) = branch.input else { return [] }
        return runs[earlier.index][partition].blocks
      }
      return ExecutorTask.Work.align(
        FoldID(step: step, partition: partition), stage.id, inputs)
    }
    return try perform(work, plan, broadcasts).map { result in
      guard case .finished(let tally) = try result.report() else { throw Unexpected() }
      return HeldRun(blocks: result.run, tally: tally)
    }
  }

  private func perform(
    _ work: [ExecutorTask.Work], _ plan: PlanDescription? = nil,
    _ broadcasts: [(input: BroadcastInput, runs: [[Block]])] = [],
    slot: (Int) -> Int? = { _ in nil }
  ) throws -> [TaskResult] {
    try place.perform(
      job, executable, fingerprint: plan?.fingerprint, broadcasts: broadcasts, work, slot: slot)
  }

  private func inputs(
    _ branch: BranchID, _ input: InputDescription, _ runs: [[HeldRun]]
  ) throws -> [MapInput] {
    switch input {
    case .files:
      guard case .listed(let files) = try perform([.list(branch)])[0].report() else {
        throw Unexpected()
      }
      return Splits.pack(files).map { .files($0) }
    case .values(let count): return Splits.values(count: count).map { .values($0) }
    case .result: throw Unexpected()
    case .stage(let earlier):
      let held = runs[earlier.index]
      let extents = held.map { RunExtent(records: $0.tally.records, bytes: $0.tally.bytes) }
      return Splits.records(extents).map { part in
        self.input(held[part.partition].blocks, part.range)
      }
    }
  }

  private func input(_ blocks: [Block], _ range: Range<Int>) -> MapInput {
    var passed = 0
    var skip = 0
    var found: [Block] = []
    for block in blocks {
      let end = passed + block.records
      if end > range.lowerBound, passed < range.upperBound {
        if found.isEmpty { skip = range.lowerBound - passed }
        found.append(block)
      }
      passed = end
    }
    return .records(found, skip: skip, count: range.count)
  }

  private func samples(
    _ stage: StageDescription, _ inputs: [(branch: BranchID, input: MapInput)],
    _ broadcasts: [(input: BroadcastInput, runs: [[Block]])], _ plan: PlanDescription
  ) throws -> [[UInt8]] {
    guard stage.shuffle == "range" else { return [] }
    let work = Splits.sampled(of: inputs.count).map {
      ExecutorTask.Work.sample(inputs[$0].branch, inputs[$0].input)
    }
    return try perform(work, plan, broadcasts).flatMap { result in
      guard case .sampled(let keys) = try result.report() else { throw Unexpected() }
      return keys
    }
  }

  private func fold(
    _ stage: StageDescription, _ step: StepID, _ mapped: [TaskResult], _ plan: PlanDescription
  ) throws -> [HeldRun] {
    let count = stage.shuffle == "single" ? 1 : Limits.partitions
    var work: [ExecutorTask.Work] = []
    for partition in 0..<count {
      let blocks = mapped.flatMap { $0.blocks.filter { $0.partition == partition }.map(\.block) }
      let fold = FoldID(step: step, partition: partition)
      // In two steps, so that what is gathered has to last from one to the next.
      let half = blocks.count / 2
      work.append(.fold(fold, stage.id, Array(blocks[..<half]), isLast: false))
      work.append(.fold(fold, stage.id, Array(blocks[half...]), isLast: true))
    }
    let results = try perform(work, plan) { $0 / 2 % place.settings.slots }
    return try stride(from: 0, to: results.count, by: 2).map { index in
      _ = try results[index].report()
      guard case .finished(let tally) = try results[index + 1].report() else { throw Unexpected() }
      return HeldRun(blocks: results[index + 1].run, tally: tally)
    }
  }
}
