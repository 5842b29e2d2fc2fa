// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Memory
import Vocabulary

/// The executors of a simulated node: what they are told to do, they do at once; what they say of
/// it comes later.
final class SimulatedExecutors {
  let pool = BlockPool()
  /// What executors have gathered, with the slot whose executor it is.
  private var folds: [(id: FoldID, slot: Int, fold: SimulatedFold)] = []
  /// By slot: the number of its executor. One that died is followed by another.
  private(set) var lives: [Int]

  init(slots: Int) { lives = Array(repeating: 0, count: slots) }

  /// Does a task; returns all that is reported of it, in order.
  func run(_ task: ExecutorTask, slot: Int) -> [TaskReport] {
    let job = SimulatedJob(task.job)
    switch task.work {
    case .plan: return [.planned(job.plan, files: [])]
    case .list: return [.listed([])]
    case .sample(let branch, let input):
      return [.sampled(records(job, branch, input, handed: handed(task)).map(\.key))]
    case .map(let branch, let input, let samples):
      return map(job, branch, input, samples, handed: handed(task))
    case .fold(let id, let stage, let blocks, let isLast):
      var fold = take(id)
      for block in blocks {
        var cursor = FrameCursor(block)
        while let frame = cursor.next() { fold.fold(frame) }
      }
      guard isLast else {
        folds.append((id, slot, fold))
        return [.folded]
      }
      let (blocks, tally) = fold.finish(job, stage.index, pool)
      return blocks.map { .runBlock($0) } + [.finished(tally)]
    case .align(_, let stage, let inputs):
      return align(job, stage, inputs, handed: handed(task))
    }
  }

  /// Folds what comes of the partitions with one number, branch after branch.
  private func align(
    _ job: SimulatedJob, _ stage: StageID, _ inputs: [[Block]], handed: UInt64
  ) -> [TaskReport] {
    var fold = SimulatedFold()
    for (branch, blocks) in inputs.enumerated() {
      let count = blocks.reduce(0) { $0 + $1.records }
      let input = MapInput.records(blocks, skip: 0, count: count)
      for record in records(job, BranchID(stage, branch), input, handed: handed) {
        record.key.withBytes { fold.fold($0, record.value) }
      }
    }
    let (blocks, tally) = fold.finish(job, stage.index, pool)
    return blocks.map { .runBlock($0) } + [.finished(tally)]
  }

  /// The sum of all values that closures are handed.
  private func handed(_ task: ExecutorTask) -> UInt64 {
    var sum: UInt64 = 0
    for block in task.broadcasts.flatMap({ $0.runs.joined() }) {
      var cursor = FrameCursor(block)
      while let frame = cursor.next() { sum &+= SimulatedFold.number(frame.value) }
    }
    return sum
  }

  private func records(
    _ job: SimulatedJob, _ branch: BranchID, _ input: MapInput, handed: UInt64
  ) -> [(key: [UInt8], value: UInt64)] {
    switch input {
    case .files: return []
    case .values(let range): return range.flatMap { job.records(of: $0, branch, handed: handed) }
    case .records(let blocks, let skip, let count):
      var all: [(key: [UInt8], value: UInt64)] = []
      for block in blocks {
        var cursor = FrameCursor(block)
        while let frame = cursor.next() {
          let value = SimulatedFold.number(frame.value)
          all.append(job.passed(frame.key, value, branch, handed: handed))
        }
      }
      return Array(all[skip..<skip + count])
    }
  }

  private func map(
    _ job: SimulatedJob, _ branch: BranchID, _ input: MapInput, _ samples: [[UInt8]],
    handed: UInt64
  ) -> [TaskReport] {
    if case .values(let range) = input, let bad = job.failsAt, range.contains(bad) {
      let failure = JobFailure(
        exitCode: 1, code: "failed", message: "a closure threw at value \(bad)")
      return [.failed(failure)]
    }
    let stage = branch.stage.index
    let partitions = stage == 2 ? 1 : Limits.partitions
    let splitters =
      stage == 1 ? Splitters(samples: samples, partitions: Limits.partitions) : nil
    let writer = PartitionWriter(partitions: partitions, pool: pool)
    let found = records(job, branch, input, handed: handed)
    var tally = SplitTally()
    var reports: [TaskReport] = []
    // Several blocks for a partition now and then.
    for start in stride(from: 0, to: found.count, by: 7) {
      for record in found[start..<min(start + 7, found.count)] {
        let partition = record.key.withBytes { job.partition($0, stage: stage, splitters) }
        writer.write(record.key, record.value, partition)
      }
      for (partition, blocks) in writer.takeBlocks().enumerated() {
        for block in blocks {
          tally.recordsShuffled += block.records
          tally.bytesShuffled += block.count
          reports.append(.block(partition: partition, block))
        }
      }
    }
    tally.recordsRead = found.count
    tally.counters = job.plan.countsChanges ? [found.count, 0] : [found.count]
    return reports + [.mapped(tally)]
  }

  private func take(_ id: FoldID) -> SimulatedFold {
    guard let place = folds.firstIndex(where: { $0.id == id }) else { return SimulatedFold() }
    return folds.remove(at: place).fold
  }

  func forget(_ step: StepID) { folds.removeAll { $0.id.step == step } }

  /// The executor of a slot dies, with all that it had gathered.
  func kill(_ slot: Int) {
    lives[slot] += 1
    folds.removeAll { $0.slot == slot }
  }
}
