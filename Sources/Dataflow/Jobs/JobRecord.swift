// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Vocabulary

/// Where a job stands.
package enum JobPhase: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case queued
  case running
  case committed
  case failed
  case cancelled

  package var isOver: Bool { self == .committed || self == .failed || self == .cancelled }

  package var description: String {
    switch self {
    case .queued: "queued"
    case .running: "running"
    case .committed: "committed"
    case .failed: "failed"
    case .cancelled: "cancelled"
    }
  }
}

/// A stage that is complete everywhere.
package struct StageRecord: Hashable, Sendable {
  /// The step that made it: its runs are kept under this name.
  package let step: StepID
  /// By partition.
  package let runs: [RunTally]
  /// All splits together.
  package let input: SplitTally
  package let splits: Int
  package let microseconds: UInt64
  /// Of all replicas.
  package let spilledBytes: Int

  package init(
    step: StepID, runs: [RunTally], input: SplitTally, splits: Int, microseconds: UInt64,
    spilledBytes: Int = 0
  ) {
    self.step = step
    self.runs = runs
    self.input = input
    self.splits = splits
    self.microseconds = microseconds
    self.spilledBytes = spilledBytes
  }

  /// The same with what an aligned stage has read: all that lies in its inputs.
  func reading(_ job: JobRecord, _ plan: PlanDescription) -> StageRecord {
    var input = input
    for branch in plan.stages[job.stages.count].branches {
      guard case .stage(let earlier) = branch.input, earlier.index < job.stages.count else {
        continue
      }
      input.recordsRead += job.stages[earlier.index].records
      input.bytesRead += job.stages[earlier.index].bytes
    }
    return StageRecord(
      step: step, runs: runs, input: input, splits: splits, microseconds: microseconds,
      spilledBytes: spilledBytes)
  }

  package var records: Int { runs.reduce(0) { $0 + $1.records } }
  package var bytes: Int { runs.reduce(0) { $0 + $1.bytes } }

  /// What was counted under a number, in all of the stage.
  package func counter(_ place: Int) -> Int {
    input.counter(place) + runs.reduce(0) { $0 + $1.counter(place) }
  }

  /// Of a stage that is not run: for it stands what an earlier one has made, or nothing.
  package static func skipped(_ earlier: StageRecord, standsIn: Bool) -> StageRecord {
    let runs = earlier.runs.map { run in
      var run = run
      run.counters = []
      return run
    }
    return StageRecord(
      step: earlier.step, runs: standsIn ? runs : [], input: SplitTally(), splits: 0,
      microseconds: 0)
  }
}

/// A result that a job made visible.
package struct MadeResult: Hashable, Sendable {
  package let name: String
  package let version: UInt64

  package init(name: String, version: UInt64) {
    self.name = name
    self.version = version
  }
}

/// A version of a result that a job reads. It was chosen when the job was begun first, and its runs
/// are kept until the job is over, also where the result has newer versions by then.
package struct ReadResult: Hashable, Sendable {
  /// What the plan asks for.
  package let asOf: VersionSelector
  package internal(set) var version: ResultVersion

  package init(asOf: VersionSelector, version: ResultVersion) {
    self.asOf = asOf
    self.version = version
  }
}

/// A job as the coordinators know it.
package struct JobRecord: Hashable, Sendable {
  package let id: JobID
  package let spec: JobSpec
  package let submitted: Instant
  package internal(set) var phase = JobPhase.queued
  /// How often it was begun: each time anew, from its inputs.
  package internal(set) var attempt = 0
  /// Known from the moment it is begun.
  package internal(set) var plan: PlanDescription?
  /// Results of earlier jobs, in the order in which the plan reads them.
  package internal(set) var reads: [ReadResult] = []
  /// Stages that are complete, in the order of the plan. Freed when the job is over.
  package internal(set) var stages: [StageRecord] = []
  package internal(set) var begun: Instant?
  package internal(set) var ended: Instant?
  package internal(set) var failure: JobFailure?
  package internal(set) var results: [MadeResult] = []
  /// The change of the coordinators' state in which it changed last.
  package internal(set) var revision: UInt64

  init(id: JobID, spec: JobSpec, submitted: Instant, revision: UInt64) {
    self.id = id
    self.spec = spec
    self.submitted = submitted
    self.revision = revision
  }

  /// Bytes that its stages wrote to scratch, at all replicas together.
  package var spilledBytes: Int { stages.reduce(0) { $0 + $1.spilledBytes } }

  /// What its closures counted, in the order of the plan.
  package var counters: [CounterValue] {
    let names = plan?.counters ?? []
    return names.enumerated().map { place, name in
      CounterValue(name: name, value: stages.reduce(0) { $0 + $1.counter(place) })
    }
  }
}

extension JobRecord {
  /// Notes the stages that are next and are not run, because nothing changes in them any more.
  mutating func skip(_ plan: PlanDescription) {
    while stages.count < plan.stages.count {
      let place = plan.counters.count
      let (isSkipped, standIn) = plan.skips(stages.count) { stages[$0].counter(place) }
      guard isSkipped, let earlier = stages.last else { return }
      let other = standIn.map { stages[$0.index] }
      stages.append(.skipped(other ?? earlier, standsIn: other != nil))
    }
  }
}

extension SplitTally {
  fileprivate func counter(_ place: Int) -> Int { place < counters.count ? counters[place] : 0 }
}

extension RunTally {
  fileprivate func counter(_ place: Int) -> Int { place < counters.count ? counters[place] : 0 }
}
