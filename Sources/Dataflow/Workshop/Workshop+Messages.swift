// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
package import Vocabulary

extension Workshop {
  /// A message to all members, at its place in the order that all see.
  package mutating func take(
    _ message: ControlMessage, from sender: NodeID, _ time: Time,
    into effects: inout [WorkshopEffect]
  ) {
    guard let view else { return }
    if case .drop(let step) = message, let lane = lane(of: step) {
      discard(lane, into: &effects)
    }
    board.apply(message, receivers: view.receivers)
    latest = max(latest, message.latestStep)
    switch message {
    case .begin(let plan): begin(plan, view, into: &effects)
    case .restate(let step):
      let lane = step.plan.lane
      guard works[lane]?.plan.step != step.plan.step else { break }
      works[lane] = StepWork(step.plan, shards: [], view.map)
    case .assign(let step, let attempts):
      guard let lane = lane(of: step) else { break }
      works[lane]?.assign(attempts.filter { $0.node == node })
    case .resume(let step, let complete):
      guard let lane = lane(of: step), let known = board[step] else { break }
      works[lane]?.resume(known.attempts(of: node), complete: complete)
      cells[lane].mapped = works[lane]?.doneAttempts ?? 0
    case .live(let number, let steps): keepLive(number, steps, view, into: &effects)
    case .spread(let step, let partitions, let givers): spread(step, partitions, givers, view)
    case .broadcast(let piece, let records, let bytes): takeBroadcast(piece, records, bytes)
    case .stocked(let number, let missing):
      let runs = supply.take(number, missing, from: sender, view, at: node)
      for runs in runs { send(runs, view) }
    case .needsCode(let code):
      if !codeSupply.isOpen(code) { messages.append(.hasCode(code, codes.contains(code))) }
      codeSupply.ask(code)
    case .hasCode(let code, let isThere):
      switch codeSupply.take(code, isThere, from: sender, view, at: node) {
      case .spread: effects.append(.readCode(code))
      case .lost: loseCode(code, time)
      case .open, .comes: break
      }
    case .code(let code, let size, let offset, let bytes):
      if !codes.contains(code) {
        effects.append(.keepCode(code, size: size, offset: offset, bytes))
      }
    case .failed(let step, .split(let split, let attempt), _, _):
      finish(step, SplitAttempt(split: split, attempt: attempt, node: sender))
    case .sampled(let step, let split, _): finishSample(step, split, sender)
    case .drop(let step):
      free(step)
      noteStock(view)
    case .compare(let step, let partition, let records, let replicas):
      guard replicas.contains(node), let run = shelf.run(step, partition) else { break }
      messages.append(.compared(step, partition: partition, run.excerpt(records)))
    case .held, .failed, .counted, .compared: break
    }
    tellScheduler(message, from: sender, time)
  }

  private mutating func begin(
    _ plan: StepPlan, _ view: ClusterView, into effects: inout [WorkshopEffect]
  ) {
    if works[plan.lane] != nil { discard(plan.lane, into: &effects) }
    works[plan.lane] = StepWork(plan, shards: view.shards(of: node), view.map)
    cells[plan.lane].ordinal = board.lanes[plan.lane]?.ordinal ?? 0
    cells[plan.lane].mapped = 0
    cells[plan.lane].sealed = 0
  }

  /// No member has an executable: its jobs cannot be done.
  private mutating func loseCode(_ code: CodeDigest, _ time: Time) {
    errands.removeAll { $0.1.code == code }
    wantedCodes.removeAll { $0 == code }
    var orders = Orders()
    scheduler?.lose(code, clock: time.clock, into: &orders)
    obey(orders)
  }

  /// Frees what is not needed, and says what is missing of what is.
  private mutating func keepLive(
    _ number: UInt64, _ steps: [LiveStep], _ view: ClusterView,
    into effects: inout [WorkshopEffect]
  ) {
    supply.follow(number, steps)
    for ended in broadcasts.keep({ step in steps.contains { $0.step == step } }) {
      effects.append(.forget(ended))
    }
    let underWay = board.steps.map(\.plan.step)
    // guard: list.underWay, list.needed
    shelf.keep { step in
      underWay.contains(step) || steps.contains { $0.step == step }
    }
    let shards = view.shards(of: node)
    let missing = steps.flatMap { live in
      shards.compactMap { shard in
        let runs = ShardRuns(step: live.step, shard: shard)
        return shelf.holds(runs, view.map, partitions: live.partitions) ? nil : runs
      }
    }
    messages.append(.stocked(number, missing: missing))
    isLacking = !missing.isEmpty
    noteStock(view)
  }

  /// A step is no longer under way. What is needed of it was told before.
  private mutating func free(_ step: StepID) {
    guard supply.number > 0, supply.partitions(of: step) == nil else { return }
    shelf.keep { $0 != step }
  }

  /// Finds the shards of which nothing is missing. Where a step is under way in which this node
  /// takes no part, something will be: its runs.
  private mutating func noteStock(_ view: ClusterView) {
    guard supply.number > 0 else { return }
    let whole = view.shards(of: node).filter { shard in
      // guard: hold.runs
      supply.live.allSatisfy { live in
        shelf.holds(
          ShardRuns(step: live.step, shard: shard), view.map, partitions: live.partitions)
      }
    }
    stocked = whole.filter { shard in
      // guard: hold.part
      board.steps.allSatisfy { $0.hasPart(node, in: shard) }
    }
    guard isLacking, whole == view.shards(of: node) else { return }
    isLacking = false
    messages.append(.stocked(supply.number, missing: []))
  }

  /// Sends the runs of a step to the replicas of a shard.
  private mutating func send(_ runs: ShardRuns, _ view: ClusterView) {
    guard let partitions = supply.partitions(of: runs.step) else { return }
    for partition in view.map.partitions(of: runs.shard, count: partitions) {
      guard let run = shelf.run(runs.step, partition) else { continue }
      let count = run.blocks.count
      for (index, block) in run.blocks.enumerated() {
        let piece = RunPiece(
          step: runs.step, partition: partition, index: index, count: count, tally: run.tally)
        parcels[runs.shard].append(ShardParcel(.run(piece, records: block.records), block))
      }
      if count == 0 {
        let piece = RunPiece(
          step: runs.step, partition: partition, index: 0, count: 0, tally: run.tally)
        parcels[runs.shard].append(ShardParcel(.run(piece, records: 0), nil))
      }
    }
  }

  /// What came to a shard, at its place in the shard's order.
  package mutating func take(
    shard: Int, _ message: Bytes, into effects: inout [WorkshopEffect]
  ) throws(ByteReader.Damaged) {
    var reader = ByteReader(message)
    while let (entry, bytes) = try ShardParcel.next(&reader) {
      switch entry {
      case .block(let key, let partition, let records):
        takeBlock(key, shard, partition, bytes, records)
      case .seal(let key, let blocks, let tally): takeSeal(key, shard, blocks, tally)
      case .run(let piece, let records): takeRun(piece, bytes, records)
      }
    }
  }

  private mutating func takeBlock(
    _ key: SplitKey, _ shard: Int, _ partition: Int, _ bytes: Bytes, _ records: Int
  ) {
    guard let lane = lane(of: key.step), works[lane]?.broken == nil,
      works[lane]?.wants(key, shard: shard) == true
    else { return }
    guard let block = memory.block(copying: bytes, records: records) else {
      return fail(key.step, .all, outOfMemory)
    }
    works[lane]?.noteSpilled(block)
    works[lane]?.take(key, shard: shard, partition: partition, block)
  }

  private mutating func takeSeal(
    _ key: SplitKey, _ shard: Int, _ blocks: Int, _ tally: SplitTally
  ) {
    guard let lane = lane(of: key.step), works[lane]?.broken == nil else { return }
    do throws(Staging.Fault) {
      try works[lane]?.seal(key, shard: shard, blocks: blocks, tally)
      cells[lane].sealed = works[lane]?.sealedSplits ?? 0
    } catch {
      switch error {
      case .blocksMissing(let key, let came, let sealed):
        preconditionFailure("\(came) blocks came of \(key), and its seal counts \(sealed)")
      case .attemptsDiffer(let split):
        let failure = JobFailure(
          exitCode: 1, code: "failed",
          message: "split \(split) was mapped twice and came to different things: "
            + "a closure is not deterministic",
          advice: "look for a clock, a random number or the order of a dictionary or set in it")
        fail(key.step, .all, failure)
      }
    }
  }

  private mutating func takeRun(_ piece: RunPiece, _ bytes: Bytes, _ records: Int) {
    guard shelf.run(piece.step, piece.partition) == nil else { return }
    if piece.count == 0 {
      shelf.take(piece, nil)
      if let view { noteStock(view) }
      return
    }
    // Without room it stays missing, and the next list tells so.
    guard let block = memory.block(copying: bytes, records: records) else { return }
    shelf.take(piece, block)
    if piece.index + 1 == piece.count, let view { noteStock(view) }
  }

  /// Tells all that a step cannot go on here.
  mutating func fail(
    _ step: StepID, _ part: StepPart, _ failure: JobFailure, hasDied: Bool = false
  ) {
    // It tells all, and must not look prepared before they have heard of it.
    switch part {
    case .partition, .all:
      if let lane = lane(of: step) { works[lane]?.breakDown(part, failure, hasDied: hasDied) }
    case .split: break
    }
    messages.append(.failed(step, part, failure, hasDied: hasDied))
  }

  /// A message that no subgroup takes: tells what it was about instead.
  package mutating func refuse(_ message: ControlMessage, _ byteCount: Int, _ time: Time) {
    let most = ByteCount(byteMaximum)
    switch message {
    case .begin(let plan):
      var orders = Orders()
      let failure = JobFailure(
        exitCode: 65, code: "bad_input",
        message: "the list of the job's input takes \(ByteCount(byteCount)), and \(most) at most",
        advice: "put small files together, or name fewer at a time")
      scheduler?.fail(plan.job, failure, clock: time.clock, into: &orders)
      obey(orders)
    case .sampled(let step, let split, _):
      let failure = JobFailure(
        exitCode: 65, code: "bad_input",
        message: "the sort keys of a split take \(ByteCount(byteCount)), and \(most) at most",
        advice: "sort by a shorter key")
      fail(step, .split(split, attempt: 0), failure)
    default: break
    }
  }

  var outOfMemory: JobFailure {
    if let failure = memory.failure { return JobFailure(failure) }
    return JobFailure(
      exitCode: 75, code: "try_again",
      message: "the node's memory for blocks is full",
      advice: "give nodes more memory (memory.limit), or run fewer jobs at a time")
  }

  /// Parcels that this node has sent to a shard were delivered there.
  package mutating func delivered(_ parcels: [ShardParcel]) {
    for parcel in parcels {
      guard case .seal(let key, _, _) = parcel.entry, let lane = lane(of: key.step) else {
        continue
      }
      guard works[lane]?.sealDelivered(key, by: node) == true else { continue }
      cells[lane].mapped = works[lane]?.doneAttempts ?? 0
    }
  }

  private mutating func finish(_ step: StepID, _ attempt: SplitAttempt) {
    guard attempt.node == node, let lane = lane(of: step) else { return }
    works[lane]?.finish(attempt)
    cells[lane].mapped = works[lane]?.doneAttempts ?? 0
  }

  private mutating func finishSample(_ step: StepID, _ split: Int, _ sender: NodeID) {
    guard
      let attempt = board[step]?.attempts.first(where: { $0.split == split && $0.node == sender })
    else { return }
    finish(step, attempt)
  }
}
