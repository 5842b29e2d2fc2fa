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
    for stage in plan.stages {
      let inputs = try self.inputs(stage, runs)
      let samples = try self.samples(stage, inputs, plan)
      let work = inputs.map { ExecutorTask.Work.map(stage.id, $0, samples: samples) }
      let mapped = try perform(work, plan)
      for result in mapped {
        guard case .mapped(let tally) = try result.report() else { throw Unexpected() }
        driven.splits.append(tally)
      }
      runs.append(try fold(stage, mapped, plan))
    }
    for output in plan.outputs {
      driven.outputs[output.name] = runs[output.stage.index].map(\.tally)
    }
    return driven
  }

  package struct Unexpected: Error {}

  private func perform(
    _ work: [ExecutorTask.Work], _ plan: PlanDescription? = nil,
    slot: (Int) -> Int? = { _ in nil }
  ) throws -> [TaskResult] {
    try place.perform(job, executable, fingerprint: plan?.fingerprint, work, slot: slot)
  }

  private func inputs(_ stage: StageDescription, _ runs: [[HeldRun]]) throws -> [MapInput] {
    switch stage.input {
    case .files:
      guard case .listed(let files) = try perform([.list(stage.id)])[0].report() else {
        throw Unexpected()
      }
      return Splits.pack(files).map { .files($0) }
    case .values(let count): return Splits.values(count: count).map { .values($0) }
    case .stage(let earlier):
      let held = runs[earlier.index]
      let extents = held.map { RunExtent(records: $0.tally.records, bytes: $0.tally.bytes) }
      return Splits.records(extents).map { part in
        input(held[part.partition].blocks, part.range)
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
    _ stage: StageDescription, _ inputs: [MapInput], _ plan: PlanDescription
  ) throws -> [[UInt8]] {
    guard stage.shuffle == "range" else { return [] }
    let work = Splits.sampled(of: inputs.count).map {
      ExecutorTask.Work.sample(stage.id, inputs[$0])
    }
    return try perform(work, plan).flatMap { result in
      guard case .sampled(let keys) = try result.report() else { throw Unexpected() }
      return keys
    }
  }

  private func fold(
    _ stage: StageDescription, _ mapped: [TaskResult], _ plan: PlanDescription
  ) throws -> [HeldRun] {
    let step = StepID(place.nextNumber())
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
