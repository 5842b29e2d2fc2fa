// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// An executor: does the tasks of its node, one at a time and in order. All that runs a job's own
/// code.
package final class ExecutorSession {
  /// Builds the plan of a job by name.
  /// Reads the arguments of a job; what it returns builds a plan each time.
  package typealias Planner =
    (_ name: String, _ arguments: [String]) throws -> (() throws -> Plan)

  /// The folding of one partition in one step.
  private struct FoldKey: Hashable {
    let step: StepID
    let partition: Int
  }

  /// What is gathered of a partition.
  fileprivate struct Gathered {
    let folder: Folder
    let plan: Plan
    var counters: [Int]
  }

  let link: ExecutorLink
  let marker: ExecutorMarker
  let outlet: Outlet
  private let borrowed: Borrowed
  /// Of what folds hold. The node says at once how much that may be.
  private var pool = BlockPool()
  /// Bytes that went to scratch, as far as the node was told.
  private var toldSpilled = 0
  private var plans: PlanShelf
  private var folds: [FoldKey: Gathered] = [:]
  /// Kept from task to task: tables are dear to make.
  private var mapping: Mapping?
  /// Of the last map task that brought some.
  private var samples: [[UInt8]] = []
  /// What came of steps whose records are handed to closures, by partition.
  private var broadcasts: [StepID: [Run]] = [:]

  /// Nil where the descriptors are not those that a node opens.
  package init?(_ planner: @escaping Planner) {
    let area = Segment.byteCount(of: ExecutorBorder.area)
    guard area > ExecutorMark.byteCount,
      let areaSegment = Segment(mapping: ExecutorBorder.area, byteCount: area, isWritable: true),
      let arenaSegment = Self.mapArena()
    else { return nil }
    Limits.check()
    ExecutorSystem.become()
    link = ExecutorLink(ExecutorBorder.socket)
    marker = ExecutorMarker(areaSegment)
    outlet = Outlet(areaSegment, link, marker)
    borrowed = Borrowed(arenaSegment)
    plans = PlanShelf(planner)
  }

  private static func mapArena() -> Segment? {
    let bytes = Segment.byteCount(of: ExecutorBorder.arena)
    let fileBytes = Segment.byteCount(of: ExecutorBorder.arenaFile)
    guard bytes > 0 else { return nil }
    if fileBytes == 0 {
      return Segment(mapping: ExecutorBorder.arena, byteCount: bytes, isWritable: false)
    }
    return Segment(
      mapping: ExecutorBorder.arena, byteCount: bytes, isWritable: false,
      then: ExecutorBorder.arenaFile, fileBytes: fileBytes)
  }

  /// Works until the node is gone.
  package func run() throws {
    link.say(.hello(version: ExecutorBorder.version))
    while let order = try link.next() {
      switch order {
      case .hold(let bytes, let scratch):
        pool = BlockPool(MemoryBudget(executor: bytes, scratch: scratch))
      case .task(let task): perform(task)
      case .broadcast(let step, let runs):
        broadcasts[step] = runs.map { blocks in
          Run(sequential: blocks.map { borrowed.block($0) })
        }
      case .forget(let step):
        folds = folds.filter { $0.key.step != step }
        if broadcasts.removeValue(forKey: step) != nil { mapping = nil }
        giveBack()
      case .free(let ids): outlet.free(ids)
      }
    }
  }

  private func perform(_ task: TaskOrder) {
    marker.begin(task.number)
    // Before anything fails: the node sends them once.
    if case .map(_, _, let samples?) = task.work { self.samples = samples }
    let report: ExecutorReport
    do {
      report = try self.report(of: task)
    } catch {
      outlet.abandon()
      mapping = nil
      report = .failed(JobFailure(telling: error))
    }
    giveBack()
    tellSpilled(task)
    link.say(.report(number: task.number, report))
    marker.end()
  }

  private func giveBack() {
    let ended = borrowed.takeEnded()
    if !ended.isEmpty { link.say(.returned(ended)) }
  }

  /// Only what is folded goes to scratch.
  private func tellSpilled(_ task: TaskOrder) {
    switch task.work {
    case .fold, .align: break
    default: return
    }
    let bytes = pool.budget.scratch?.spilledBytes ?? 0
    if bytes > toldSpilled { link.say(.report(number: task.number, .spilled(bytes - toldSpilled))) }
    toldSpilled = bytes
  }

  private func report(of task: TaskOrder) throws -> ExecutorReport {
    let plan = try plans.plan(task.job, task.fingerprint)
    // What planning, or a task that failed, has counted counts for nothing.
    _ = plan.takeCounters()
    switch task.work {
    case .plan:
      let files = try plan.description.branches.compactMap { id, input in
        guard case .files = input else { return BranchFiles?.none }
        return BranchFiles(id, try list(try plan.branch(id, marker), task))
      }
      return .planned(plan.description, files: files)
    case .list(let branch): return .listed(try list(try plan.branch(branch, marker), task))
    case .sample(let branch, let input):
      var samples: [[UInt8]] = []
      try SplitMapper.sample(
        try split(input, of: branch), try plan.stage(branch.stage, marker),
        try values(of: task, plan), &samples, isStrict: true)
      return .sampled(samples)
    case .map(let branch, let input, _):
      return .mapped(
        try map(task, plan, branch.stage, try split(input, of: branch), samples))
    case .fold(let step, let partition, let stage, let blocks, let isLast):
      let key = FoldKey(step: step, partition: partition)
      try fold(key, task, plan, stage, blocks)
      return isLast ? .finished(try finish(key, task, plan, stage)) : .folded
    case .align(_, let partition, let stage, let inputs):
      return .finished(try align(task, plan, stage, partition, inputs))
    }
  }

  private func list(_ branch: Branch, _ task: TaskOrder) throws -> [InputFile] {
    guard case .files(let paths, let format) = branch.input else { return [] }
    let files = try InputFiles.resolve(paths)
    if let stream = files.first(where: \.isStream) {
      let name = stream.path == "-" ? "standard input" : stream.path
      throw JobError(
        .usage, "\(name) cannot be read by a cluster",
        advice: "save it as a file that all nodes can read, or run the job without a cluster")
    }
    return try files.map { file in
      try InputFiles.cut(file, format.cutting) {
        marker.advance()
        if marker.isCancelled(task.number) { throw InlineRunner.interrupted }
      }
    }
  }

  private func split(_ input: OrderedInput, of branch: BranchID) throws -> BranchSplit {
    BranchSplit(branch: branch.index, split: try split(input))
  }

  private func split(_ input: OrderedInput) throws -> Split {
    switch input {
    case .files(let ranges): return .files(ranges)
    case .values(let range): return .values(range)
    case .records(let blocks, let skip, let count):
      let run = Run(sequential: blocks.map { borrowed.block($0) })
      guard skip >= 0, count >= 0, skip + count <= run.records else { throw ByteReader.Damaged() }
      return .records(RunSlice(run: run, range: skip..<skip + count))
    }
  }

  private func map(
    _ task: TaskOrder, _ plan: Plan, _ stage: StageID, _ split: BranchSplit,
    _ samples: [[UInt8]]
  ) throws -> SplitTally {
    let spec = try plan.stage(stage, marker)
    let mapping = try mapping(spec, task, plan, samples)
    outlet.begin(split: task.number, mapping.mapper.writer)
    var tally = SplitTally()
    try mapping.mapper.map(split, begin: { marker.begin($0) }) { records, bytes in
      tally.recordsRead += records
      tally.bytesRead += bytes
      try outlet.check()
      outlet.shipFull()
      if marker.isCancelled(task.number) { throw InlineRunner.interrupted }
      return true
    }
    try outlet.check()
    if case .records(let slice) = split.split { tally.bytesRead = slice.bytes }
    outlet.shipAll()
    tally.recordsShuffled = outlet.records
    tally.bytesShuffled = outlet.bytes
    tally.counters = plan.takeCounters(of: spec)
    return tally
  }

  /// What the last task had, where this one is of the same stage.
  private func mapping(
    _ stage: StageSpec, _ task: TaskOrder, _ plan: Plan, _ samples: [[UInt8]]
  ) throws -> Mapping {
    if let mapping, mapping.stage === stage, mapping.samples == samples,
      mapping.broadcasts == task.broadcasts
    {
      return mapping
    }
    let splitters =
      stage.kernel.partitioning == .range
      ? Splitters(samples: samples, partitions: Limits.partitions) : nil
    let made = Mapping(
      stage: stage, samples: samples, broadcasts: task.broadcasts,
      mapper: SplitMapper(
        stage, writer: PartitionWriter(partitions: stage.partitionCount, pool: outlet),
        splitters: splitters, tableSeed: task.job.tableSeed,
        broadcasts: try values(of: task, plan), isStrict: true))
    mapping = made
    return made
  }

  /// The broadcasts that a task's closures are handed.
  private func values(of task: TaskOrder, _ plan: Plan) throws -> BroadcastValues {
    BroadcastValues(
      try task.broadcasts.map { input in
        guard plan.stages.indices.contains(input.stage.index), let runs = broadcasts[input.step]
        else { throw JobError(.internalFault, "the records of \(input.stage) are not here") }
        return (plan.stages[input.stage.index], runs)
      })
  }

  private func gathered(
    _ key: FoldKey, _ job: JobSpec, _ plan: Plan, _ stage: StageID
  ) throws -> Gathered {
    let spec = try plan.stage(stage, marker)
    if let found = folds[key] { return found }
    let folder = spec.kernel.makeFolder(foldContext(job))
    return Gathered(
      folder: folder, plan: plan,
      counters: Array(repeating: 0, count: plan.description.counterCount))
  }

  private func foldContext(_ job: JobSpec) -> FoldContext {
    FoldContext(pool: pool, tableSeed: job.tableSeed) { [marker] in
      marker.advance()
      if marker.isCancelled(marker.task) { throw InlineRunner.interrupted }
    }
  }

  private func fold(
    _ key: FoldKey, _ task: TaskOrder, _ plan: Plan, _ stage: StageID, _ blocks: [LentBlock]
  ) throws {
    var gathered = try gathered(key, task.job, plan, stage)
    try locating(nil) {
      for block in blocks {
        try gathered.folder.fold(borrowed.block(block))
        marker.advance()
        if marker.isCancelled(task.number) { throw InlineRunner.interrupted }
      }
      try pool.budget.checkOnce()
    }
    gathered.count()
    folds[key] = gathered
  }

  /// Makes a partition of those with the same number, by branch.
  private func align(
    _ task: TaskOrder, _ plan: Plan, _ stage: StageID, _ partition: Int, _ inputs: [[LentBlock]]
  ) throws -> RunTally {
    let spec = try plan.stage(stage, marker)
    guard inputs.count == spec.branches.count else { throw ByteReader.Damaged() }
    let runs = inputs.map { blocks in
      Run(sequential: blocks.map { borrowed.block($0) })
    }
    let context = foldContext(task.job)
    let aligner = Aligner(
      spec, pool: pool, tableSeed: task.job.tableSeed, broadcasts: try values(of: task, plan))
    let run = try aligner.make(runs, context) { _ in
      marker.advance()
      if marker.isCancelled(task.number) { throw InlineRunner.interrupted }
      try pool.budget.checkOnce()
    }
    try pool.budget.checkOnce()
    return try ship(run, of: task) { plan.takeCounters() }
  }

  private func finish(
    _ key: FoldKey, _ task: TaskOrder, _ plan: Plan, _ stage: StageID
  ) throws -> RunTally {
    var gathered = try gathered(key, task.job, plan, stage)
    folds[key] = nil
    let run = try locating(nil) {
      let run = try gathered.folder.finish()
      try pool.budget.checkOnce()
      return run
    }
    return try ship(run, of: task) {
      gathered.count()
      return gathered.counters
    }
  }

  /// Sends a partition's run to the node.
  private func ship(
    _ run: Run, of task: TaskOrder, counting takeCounters: () -> [Int]
  ) throws -> RunTally {
    marker.advance()
    let writer = PartitionWriter(partitions: 1, pool: outlet)
    outlet.begin(run: task.number, writer)
    var count = 0
    try RunSlice(run: run, range: 0..<run.records).forEach { frame in
      writer.append(key: frame.key, value: frame.value, partition: 0)
      count += 1
      guard count & 0xFFF == 0 else { return }
      marker.advance()
      outlet.shipFull()
      if marker.isCancelled(task.number) { throw InlineRunner.interrupted }
    }
    try outlet.check()
    outlet.shipAll()
    var tally = RunTally()
    tally.records = outlet.records
    tally.bytes = outlet.bytes
    tally.digest = outlet.digest.value
    tally.counters = takeCounters()
    return tally
  }
}

extension ExecutorSession.Gathered {
  /// Takes what the plan's closures have counted.
  fileprivate mutating func count() {
    for (index, value) in plan.takeCounters().enumerated() { counters[index] &+= value }
  }
}

/// The map side of a stage, ready for the next split.
private struct Mapping {
  let stage: StageSpec
  let samples: [[UInt8]]
  let broadcasts: [BroadcastInput]
  let mapper: SplitMapper
}
