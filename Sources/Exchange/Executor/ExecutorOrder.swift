// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// A block in memory that both sides map, lent by the side that owns the memory until the other one
/// gives it back.
package struct LentBlock: Hashable, Sendable {
  /// Under which it is given back.
  package let id: UInt64
  package let offset: Int
  package let count: Int
  package let records: Int

  package init(id: UInt64, offset: Int, count: Int, records: Int) {
    self.id = id
    self.offset = offset
    self.count = count
    self.records = records
  }
}

/// The records that a map task reads, as they are named across the border.
package enum OrderedInput: Hashable, Sendable {
  case files([FileRange])
  case values(Range<Int>)
  /// `count` records, behind the first `skip` of those in the blocks.
  case records([LentBlock], skip: Int, count: Int)
}

/// A stage whose records are handed to the closures of another, and the step that has made them.
package struct BroadcastInput: Hashable, Sendable {
  package let stage: StageID
  package let step: StepID
  package let partitions: Int

  package init(stage: StageID, step: StepID, partitions: Int) {
    self.stage = stage
    self.step = step
    self.partitions = partitions
  }
}

/// A task as a node tells it to an executor.
package struct TaskOrder: Hashable, Sendable {
  package enum Work: Hashable, Sendable {
    case plan
    case list(BranchID)
    case sample(BranchID, OrderedInput)
    /// `samples` nil: those of the last map task, which are many and stay the same for a stage.
    case map(BranchID, OrderedInput, samples: [[UInt8]]?)
    case fold(StepID, partition: Int, StageID, [LentBlock], isLast: Bool)
    /// With the runs of the partitions with this number, by branch.
    case align(StepID, partition: Int, StageID, [[LentBlock]])
  }

  package let number: UInt64
  package let job: JobSpec
  package let fingerprint: UInt64?
  /// What closures are handed: it was told before.
  package let broadcasts: [BroadcastInput]
  package let work: Work

  package init(
    number: UInt64, job: JobSpec, fingerprint: UInt64?, broadcasts: [BroadcastInput] = [],
    work: Work
  ) {
    self.number = number
    self.job = job
    self.fingerprint = fingerprint
    self.broadcasts = broadcasts
    self.work = work
  }
}

/// What a node tells an executor.
package enum ExecutorOrder: Hashable, Sendable {
  /// How much memory its folds may hold, and in which directory its scratch lies: before any task.
  case hold(bytes: Int, scratch: String)
  case task(TaskOrder)
  /// What a step has made, by partition: for tasks whose closures are handed it.
  case broadcast(StepID, [[LentBlock]])
  /// What was gathered for a step is of no use any more.
  case forget(StepID)
  /// Blocks of the executor's area that the node has let go of.
  case free([UInt64])
}

extension ByteBuffer {
  mutating func append(_ block: LentBlock) {
    appendVarint(block.id)
    appendVarint(UInt64(block.offset))
    appendVarint(UInt64(block.count))
    appendVarint(UInt64(block.records))
  }

  private mutating func append(stage: StageID) { appendVarint(UInt64(stage.index)) }

  mutating func append(_ branch: BranchID) {
    append(stage: branch.stage)
    appendVarint(UInt64(branch.index))
  }

  private mutating func append(_ input: OrderedInput) {
    switch input {
    case .files(let ranges):
      append(0 as UInt8)
      append(list: ranges) { out, range in
        out.append(range.file)
        out.append(range.range)
      }
    case .values(let range):
      append(1 as UInt8)
      append(range)
    case .records(let blocks, let skip, let count):
      append(2 as UInt8)
      append(list: blocks) { $0.append($1) }
      appendVarint(UInt64(skip))
      appendVarint(UInt64(count))
    }
  }

  private mutating func append(_ work: TaskOrder.Work) {
    switch work {
    case .plan: append(0 as UInt8)
    case .list(let branch):
      append(1 as UInt8)
      append(branch)
    case .sample(let branch, let input):
      append(2 as UInt8)
      append(branch)
      append(input)
    case .map(let branch, let input, let samples):
      append(3 as UInt8)
      append(branch)
      append(input)
      append(optional: samples) { $0.append(keys: $1) }
    case .fold(let step, let partition, let stage, let blocks, let isLast):
      append(4 as UInt8)
      appendVarint(step.number)
      appendVarint(UInt64(partition))
      append(stage: stage)
      append(list: blocks) { $0.append($1) }
      append((isLast ? 1 : 0) as UInt8)
    case .align(let step, let partition, let stage, let inputs):
      append(5 as UInt8)
      appendVarint(step.number)
      appendVarint(UInt64(partition))
      append(stage: stage)
      append(list: inputs) { $0.append(list: $1) { $0.append($1) } }
    }
  }

  /// Appends keys, each with its length.
  mutating func append(keys: [[UInt8]]) {
    append(list: keys) { out, key in
      out.appendVarint(UInt64(key.count))
      key.withBytes { out.append($0) }
    }
  }

  package mutating func append(_ order: ExecutorOrder) {
    switch order {
    case .task(let task):
      append(0 as UInt8)
      appendVarint(task.number)
      append(task.job)
      append(optional: task.fingerprint) { $0.appendLittleEndian($1) }
      append(list: task.broadcasts) { $0.append($1) }
      append(task.work)
    case .forget(let step):
      append(1 as UInt8)
      appendVarint(step.number)
    case .free(let ids):
      append(2 as UInt8)
      append(list: ids) { $0.appendVarint($1) }
    case .broadcast(let step, let runs):
      append(3 as UInt8)
      appendVarint(step.number)
      append(list: runs) { $0.append(list: $1) { $0.append($1) } }
    case .hold(let bytes, let scratch):
      append(4 as UInt8)
      appendVarint(UInt64(bytes))
      append(counted: scratch)
    }
  }

  package mutating func append(_ input: BroadcastInput) {
    append(stage: input.stage)
    appendVarint(input.step.number)
    appendVarint(UInt64(input.partitions))
  }
}

extension ByteReader {
  mutating func lentBlock() throws(Damaged) -> LentBlock {
    let id = try varint()
    let offset = try number()
    let count = try number()
    return LentBlock(id: id, offset: offset, count: count, records: try number())
  }

  private mutating func lentBlocks() throws(Damaged) -> [LentBlock] {
    try list { reader throws(Damaged) in try reader.lentBlock() }
  }

  private mutating func stageID() throws(Damaged) -> StageID { StageID(try number()) }

  mutating func branchID() throws(Damaged) -> BranchID {
    let stage = try stageID()
    return BranchID(stage, try number())
  }

  mutating func keys() throws(Damaged) -> [[UInt8]] {
    try list { reader throws(Damaged) in Array(try reader.take(try reader.length())) }
  }

  private mutating func orderedInput() throws(Damaged) -> OrderedInput {
    switch try byte() {
    case 0:
      return .files(
        try list { reader throws(Damaged) in
          let file = try reader.inputFile()
          return FileRange(file: file, range: try reader.range())
        })
    case 1: return .values(try range())
    case 2:
      let blocks = try lentBlocks()
      let skip = try number()
      return .records(blocks, skip: skip, count: try number())
    default: throw Damaged()
    }
  }

  private mutating func work() throws(Damaged) -> TaskOrder.Work {
    switch try byte() {
    case 0: return .plan
    case 1: return .list(try branchID())
    case 2:
      let branch = try branchID()
      return .sample(branch, try orderedInput())
    case 3:
      let branch = try branchID()
      let input = try orderedInput()
      return .map(
        branch, input, samples: try optional { reader throws(Damaged) in try reader.keys() })
    case 4:
      let step = StepID(try varint())
      let partition = try number()
      let stage = try stageID()
      let blocks = try lentBlocks()
      return .fold(step, partition: partition, stage, blocks, isLast: try byte() == 1)
    case 5:
      let step = StepID(try varint())
      let partition = try number()
      let stage = try stageID()
      return .align(
        step, partition: partition, stage,
        try list { reader throws(Damaged) in try reader.lentBlocks() })
    default: throw Damaged()
    }
  }

  package mutating func executorOrder() throws(Damaged) -> ExecutorOrder {
    switch try byte() {
    case 0:
      let number = try varint()
      let job = try jobSpec()
      let fingerprint = try optional { reader throws(Damaged) in
        try reader.littleEndian(UInt64.self)
      }
      let broadcasts = try list { reader throws(Damaged) in try reader.broadcastInput() }
      return .task(
        TaskOrder(
          number: number, job: job, fingerprint: fingerprint, broadcasts: broadcasts,
          work: try work()))
    case 1: return .forget(StepID(try varint()))
    case 2: return .free(try list { reader throws(Damaged) in try reader.varint() })
    case 3:
      let step = StepID(try varint())
      return .broadcast(step, try list { reader throws(Damaged) in try reader.lentBlocks() })
    case 4:
      let bytes = try number()
      return .hold(bytes: bytes, scratch: try text())
    default: throw Damaged()
    }
  }

  package mutating func broadcastInput() throws(Damaged) -> BroadcastInput {
    let stage = try stageID()
    let step = StepID(try varint())
    return BroadcastInput(stage: stage, step: step, partitions: try number())
  }
}
