// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Memory
import Vocabulary

/// What a job's results have to be: computed in one loop, without nodes, shards or attempts.
struct JobReference {
  /// By stage: the runs of its partitions.
  let stages: [[RunTally]]
  /// By stage: their records, partition after partition.
  let records: [[(key: [UInt8], value: UInt64)]]
  let counted: Int

  /// `earlier`: the records of the result that it reads.
  init(_ job: SimulatedJob, reading earlier: [(key: [UInt8], value: UInt64)] = []) {
    let pool = BlockPool()
    var stages: [[RunTally]] = []
    var made: [[(key: [UInt8], value: UInt64)]] = []
    var counted = 0
    for stage in 0..<job.stages {
      if job.skips(stage), let last = stages.last {
        stages.append(last.map(\.withoutCounters))
        made.append(made[stage - 1])
        continue
      }
      let input = Self.records(job, stage, made, earlier)
      counted += input.count
      let splitters =
        stage == 1
        ? Splitters(samples: Self.samples(input, stages[0]), partitions: Limits.partitions) : nil
      var folds = [SimulatedFold](
        repeating: SimulatedFold(), count: stage == 2 ? 1 : Limits.partitions)
      for record in input {
        record.key.withBytes { key in
          folds[job.partition(key, stage: stage, splitters)].fold(key, record.value)
        }
      }
      counted += folds.reduce(0) { $0 + $1.records }
      var tallies: [RunTally] = []
      var output: [(key: [UInt8], value: UInt64)] = []
      for fold in folds {
        let (blocks, tally) = fold.finish(job, stage, pool)
        tallies.append(tally)
        for block in blocks {
          var cursor = FrameCursor(block)
          while let frame = cursor.next() {
            output.append((Array(frame.key), SimulatedFold.number(frame.value)))
          }
        }
      }
      stages.append(tallies)
      made.append(output)
    }
    self.stages = stages
    records = made
    self.counted = counted
  }

  /// What a stage reads, branch after branch.
  private static func records(
    _ job: SimulatedJob, _ stage: Int, _ made: [[(key: [UInt8], value: UInt64)]],
    _ earlier: [(key: [UInt8], value: UInt64)]
  ) -> [(key: [UInt8], value: UInt64)] {
    let handed = job.broadcasts(of: stage).flatMap { made[$0] }.reduce(0) { $0 &+ $1.value }
    return job.inputs(of: stage).enumerated().flatMap { index, input in
      let branch = BranchID(StageID(stage), index)
      let found: [(key: [UInt8], value: UInt64)]
      switch input {
      case .files, .values:
        return (0..<job.values).flatMap { job.records(of: $0, branch, handed: handed) }
      case .stage(let stage): found = made[stage.index]
      case .result: found = earlier
      }
      return found.map { record in
        record.key.withBytes { job.passed($0, record.value, branch, handed: handed) }
      }
    }
  }

  /// The keys of the sampled splits.
  private static func samples(
    _ input: [(key: [UInt8], value: UInt64)], _ runs: [RunTally]
  ) -> [[UInt8]] {
    let splits = Splits.records(runs.map { RunExtent(records: $0.records, bytes: $0.bytes) })
    var starts: [Int] = []
    var start = 0
    for run in runs {
      starts.append(start)
      start += run.records
    }
    return Splits.sampled(of: splits.count).flatMap { place in
      let (partition, range) = splits[place]
      return range.map { input[starts[partition] + $0].key }
    }
  }
}

extension RunTally {
  fileprivate var withoutCounters: RunTally {
    var tally = self
    tally.counters = []
    return tally
  }
}
