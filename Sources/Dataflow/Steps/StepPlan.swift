// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// One input of a step.
package struct StepInput: Hashable, Sendable {
  /// The step whose runs are read; nil where a source is.
  package let step: StepID?
  package let splits: [SplitDescription]

  package init(step: StepID?, splits: [SplitDescription]) {
    self.step = step
    self.splits = splits
  }

  /// The records that a step has made, of this job or of one whose result is read.
  init(of step: StepID, _ runs: [RunTally]) {
    let extents = runs.map { RunExtent(records: $0.records, bytes: $0.bytes) }
    self.init(
      step: step,
      splits: Splits.records(extents).map { .records(partition: $0.partition, $0.range) })
  }

  /// The same inputs with the splits that a sort samples.
  static func sampled(_ inputs: [StepInput]) -> [StepInput] {
    let wanted = Set(Splits.sampled(of: inputs.reduce(0) { $0 + $1.splits.count }))
    var first = 0
    return inputs.map { input in
      defer { first += input.splits.count }
      let sampled = input.splits.indices.filter { wanted.contains(first + $0) }
      return StepInput(step: input.step, splits: sampled.map { input.splits[$0] })
    }
  }
}

/// All that a node must know of a step to take part in it.
package struct StepPlan: Hashable, Sendable {
  package enum Purpose: UInt8, Hashable, Sendable {
    /// Maps, shuffles, folds and finishes.
    case work
    /// Collects sort keys from the beginning of some splits, for a step that follows.
    case sample
  }

  package let step: StepID
  /// Steps of one lane follow each other; steps of several lanes run side by side.
  package let lane: Int
  package let purpose: Purpose
  package let job: JobID
  /// The job's attempt that it belongs to.
  package let attempt: Int
  package let spec: JobSpec
  package let stage: StageID
  /// Of the whole plan: a node that builds another one must not take part.
  package let fingerprint: UInt64
  package let partitions: Int
  /// How many counters the plan has.
  package let counters: Int
  /// Whether each partition is made of those of the inputs with the same number: then nothing is
  /// mapped, and the inputs have no splits.
  package let isAligned: Bool
  /// By branch of the stage. Splits are numbered through all of them.
  package let inputs: [StepInput]
  /// What closures are handed.
  package let broadcasts: [BroadcastInput]
  /// Sampled keys, where partitions are ranges.
  package let samples: [[UInt8]]

  package init(
    step: StepID, lane: Int, purpose: Purpose, job: JobID, attempt: Int, spec: JobSpec,
    stage: StageID, fingerprint: UInt64, partitions: Int, counters: Int, isAligned: Bool = false,
    inputs: [StepInput], broadcasts: [BroadcastInput] = [], samples: [[UInt8]]
  ) {
    self.step = step
    self.lane = lane
    self.purpose = purpose
    self.job = job
    self.attempt = attempt
    self.spec = spec
    self.stage = stage
    self.fingerprint = fingerprint
    self.partitions = partitions
    self.counters = counters
    self.isAligned = isAligned
    self.inputs = inputs
    self.broadcasts = broadcasts
    self.samples = samples
  }

  package var splitCount: Int { inputs.reduce(0) { $0 + $1.splits.count } }

  /// A split by its number: of which branch, of which step's records, and which part of them.
  package func split(_ number: Int) -> (branch: BranchID, input: StepID?, SplitDescription) {
    var place = number
    for (index, input) in inputs.enumerated() {
      if place < input.splits.count {
        return (BranchID(stage, index), input.step, input.splits[place])
      }
      place -= input.splits.count
    }
    preconditionFailure("\(step) has no split \(number)")
  }
}

/// A try at mapping a split, at one node.
package struct SplitAttempt: Hashable, Sendable {
  package let split: Int
  /// Counted from 0. All attempts at a split leave the same bytes.
  package let attempt: Int
  package let node: NodeID

  package init(split: Int, attempt: Int, node: NodeID) {
    self.split = split
    self.attempt = attempt
    self.node = node
  }
}

extension ByteBuffer {
  package mutating func append(_ plan: StepPlan) {
    appendVarint(plan.step.number)
    appendVarint(UInt64(plan.lane))
    append(plan.purpose.rawValue)
    appendVarint(plan.job.number)
    appendVarint(UInt64(plan.attempt))
    append(plan.spec)
    appendVarint(UInt64(plan.stage.index))
    appendLittleEndian(plan.fingerprint)
    appendVarint(UInt64(plan.partitions))
    appendVarint(UInt64(plan.counters))
    append((plan.isAligned ? 1 : 0) as UInt8)
    append(list: plan.inputs) { out, input in
      out.append(optional: input.step) { $0.appendVarint($1.number) }
      out.append(list: input.splits) { $0.append($1) }
    }
    append(list: plan.broadcasts) { $0.append($1) }
    append(list: plan.samples) { out, key in
      out.appendVarint(UInt64(key.count))
      key.withBytes { out.append($0) }
    }
  }

  package mutating func append(_ attempt: SplitAttempt) {
    appendVarint(UInt64(attempt.split))
    appendVarint(UInt64(attempt.attempt))
    append(attempt.node)
  }
}

extension ByteReader {
  package mutating func stepPlan() throws(Damaged) -> StepPlan {
    let step = StepID(try varint())
    let lane = try number()
    guard let purpose = StepPlan.Purpose(rawValue: try byte()) else { throw Damaged() }
    let job = JobID(try varint())
    let attempt = try number()
    let spec = try jobSpec()
    let stage = StageID(try number())
    let fingerprint = try littleEndian(UInt64.self)
    let partitions = try number()
    let counters = try number()
    let isAligned = try byte() == 1
    let inputs = try list { reader throws(Damaged) in
      let step = try reader.optional { reader throws(Damaged) in StepID(try reader.varint()) }
      return StepInput(
        step: step, splits: try reader.list { reader throws(Damaged) in try reader.split() })
    }
    let broadcasts = try list { reader throws(Damaged) in try reader.broadcastInput() }
    guard broadcasts.allSatisfy({ (1...Limits.partitions).contains($0.partitions) }) else {
      throw Damaged()
    }
    let samples = try list { reader throws(Damaged) in
      Array(try reader.take(try reader.length()))
    }
    guard lane < Limits.lanes, (1...Limits.partitions).contains(partitions),
      !isAligned || inputs.allSatisfy({ $0.step != nil && $0.splits.isEmpty })
    else { throw Damaged() }
    return StepPlan(
      step: step, lane: lane, purpose: purpose, job: job, attempt: attempt, spec: spec,
      stage: stage, fingerprint: fingerprint, partitions: partitions, counters: counters,
      isAligned: isAligned, inputs: inputs, broadcasts: broadcasts, samples: samples)
  }

  package mutating func splitAttempt() throws(Damaged) -> SplitAttempt {
    let split = try number()
    let attempt = try number()
    return SplitAttempt(split: split, attempt: attempt, node: try id())
  }
}
