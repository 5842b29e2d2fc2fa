// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Vocabulary

extension Workshop {
  /// What comes from executors, and about executables.
  package mutating func take(
    _ input: WorkshopInput, _ time: Time, into effects: inout [WorkshopEffect]
  ) {
    switch input {
    case .report(let slot, let number, let report):
      guard let running = running[slot], running.number == number else { return }
      take(report, of: running, slot, time)
    case .died(let slot, let code, let failure): died(slot, code, failure, time)
    case .line(let slot, let text):
      if let job = served[slot] { output.append(text, of: job) }
    case .hasCode(let code, let isNew):
      wantedCodes.removeAll { $0 == code }
      guard codes.insert(code).inserted else { return }
      if isNew { effects.append(.readCode(code)) }
    case .lacksCode(let code): codes.remove(code)
    case .codePiece(let code, let size, let offset, let bytes):
      messages.append(.code(code, size: size, offset: offset, bytes))
    }
  }

  private mutating func take(
    _ report: TaskReport, of running: Running, _ slot: Int, _ time: Time
  ) {
    if report.endsTask { self.running[slot] = nil }
    if case .failed(let failure) = report { return failed(running, failure, time) }
    switch running.purpose {
    case .errand(let errand):
      if let told = report.errandReport { tell(told, of: errand, time) }
    case .sample(let step, let attempt):
      guard case .sampled(let keys) = report, lane(of: step) != nil else { return }
      messages.append(.sampled(step, split: attempt.split, keys))
    case .map(let step, let attempt): mapped(step, attempt, report)
    case .fold(let step, let partition):
      guard let lane = lane(of: step) else { return }
      switch report {
      case .folded: works[lane]?.folds.folded(partition)
      case .runBlock(let block):
        works[lane]?.noteSpilled(block)
        works[lane]?.folds.runBlock(partition, block)
      case .spilled(let bytes): works[lane]?.spilledBytes += bytes
      case .finished(let tally): works[lane]?.folds.finished(partition, tally)
      default: break
      }
    }
  }

  private mutating func mapped(_ step: StepID, _ attempt: SplitAttempt, _ report: TaskReport) {
    guard let lane = lane(of: step) else { return }
    switch report {
    case .block(let partition, let block):
      guard let (shard, parcel) = works[lane]?.mapped(attempt, partition: partition, block) else {
        return
      }
      guard parcel.byteCount <= byteMaximum else {
        works[lane]?.abandon(attempt)
        let failure = JobFailure(
          exitCode: 65, code: "bad_input",
          message: "a record of \(ByteCount(block.count)) is too large for a cluster, whose nodes "
            + "take \(ByteCount(byteMaximum)) at most",
          advice: "make smaller records, or run the job in one process")
        return fail(step, .split(attempt.split, attempt: attempt.attempt), failure)
      }
      parcels[shard].append(parcel)
    case .mapped(let tally):
      let seals = works[lane]?.mapped(attempt, tally) ?? []
      for (shard, seal) in seals.enumerated() { parcels[shard].append(seal) }
    default: break
    }
  }

  private mutating func failed(
    _ running: Running, _ failure: JobFailure, hasDied: Bool = false, _ time: Time
  ) {
    switch running.purpose {
    case .errand(let errand):
      tell(hasDied ? .died(failure) : .failed(failure), of: errand, time)
    case .sample(let step, let attempt):
      guard lane(of: step) != nil else { break }
      let part = StepPart.split(attempt.split, attempt: attempt.attempt)
      fail(step, part, failure, hasDied: hasDied)
    case .map(let step, let attempt):
      guard let lane = lane(of: step) else { break }
      works[lane]?.abandon(attempt)
      let part = StepPart.split(attempt.split, attempt: attempt.attempt)
      fail(step, part, failure, hasDied: hasDied)
    case .fold(let step, let partition):
      if lane(of: step) != nil { fail(step, .partition(partition), failure, hasDied: hasDied) }
    }
  }

  /// What the executor had gathered is gone, whatever it was doing.
  private mutating func died(
    _ slot: Int, _ code: CodeDigest, _ failure: JobFailure, _ time: Time
  ) {
    if let task = running[slot], task.code == code {
      running[slot] = nil
      failed(task, failure, hasDied: true, time)
    }
    for work in works {
      guard let work, work.broken == nil, work.plan.spec.code == code,
        let lost = work.folds.begun({ $0 % slots == slot }).first
      else { continue }
      fail(work.plan.step, .partition(lost), failure, hasDied: true)
    }
  }

  /// Gives tasks to executors that have none: errands first, then folds that are worth their way,
  /// then maps, then any fold. Lanes take turns.
  mutating func startTasks(into effects: inout [WorkshopEffect]) {
    for slot in running.indices where running[slot] == nil {
      if let (errand, job) = nextErrand(into: &effects) {
        start(slot, .errand(errand), job, nil, [], errand.work, into: &effects)
      } else if let (lane, turn) = nextFold(slot, ofAtLeast: foldBytes) {
        start(slot, lane, turn, into: &effects)
      } else if let (lane, attempt) = nextMap(into: &effects) {
        startMap(slot, lane, attempt, into: &effects)
      } else if let (lane, turn) = nextFold(slot, ofAtLeast: 1) {
        start(slot, lane, turn, into: &effects)
      }
    }
  }

  private mutating func start(
    _ slot: Int, _ purpose: Running.Purpose, _ job: JobSpec, _ fingerprint: UInt64?,
    _ broadcasts: [(input: BroadcastInput, runs: [[Block]])], _ work: ExecutorTask.Work,
    into effects: inout [WorkshopEffect]
  ) {
    taskCount += 1
    running[slot] = Running(number: taskCount, code: job.code, purpose: purpose)
    served[slot] = self.job(of: purpose)
    let task = ExecutorTask(
      number: taskCount, job: job, fingerprint: fingerprint, broadcasts: broadcasts, work: work)
    effects.append(.start(slot: slot, task))
  }

  private func job(of purpose: Running.Purpose) -> JobID? {
    switch purpose {
    case .errand(.plan(let job)), .errand(.list(let job, _)): job
    default: purpose.step.flatMap { lane(of: $0) }.flatMap { works[$0]?.plan.job }
    }
  }

  /// Whether something that is under way needs an executable.
  package func isUsing(_ code: CodeDigest) -> Bool {
    running.contains { $0?.code == code } || errands.contains { $0.1.code == code }
      || board.steps.contains { $0.plan.spec.code == code }
  }

  /// Whether an executable is here; asks for it where it is not.
  private mutating func has(_ code: CodeDigest) -> Bool {
    if codes.contains(code) { return true }
    if !wantedCodes.contains(code) {
      wantedCodes.append(code)
      messages.append(.needsCode(code))
    }
    return false
  }

  private mutating func nextErrand(
    into effects: inout [WorkshopEffect]
  ) -> (Errand, JobSpec)? {
    guard let place = errands.firstIndex(where: { codes.contains($0.1.code) }) else {
      for (_, job) in errands { _ = has(job.code) }
      return nil
    }
    return errands.remove(at: place)
  }

  private mutating func nextFold(_ slot: Int, ofAtLeast bytes: Int) -> (Int, Folds.Turn)? {
    for count in works.indices {
      let lane = (turn + count) % works.count
      guard let work = works[lane], work.hasFolds, has(work.plan.spec.code) else { continue }
      // What is made at once is also mapped.
      if work.plan.isAligned, !hasBroadcasts(work.plan) { continue }
      // A partition is folded by the same executor from its beginning to its end.
      if let next = works[lane]?.nextFold(ofAtLeast: bytes, { $0 % slots == slot }) {
        turn = lane + 1
        return (lane, next)
      }
    }
    return nil
  }

  private mutating func start(
    _ slot: Int, _ lane: Int, _ next: Folds.Turn, into effects: inout [WorkshopEffect]
  ) {
    guard let plan = works[lane]?.plan else { return }
    let fold = FoldID(step: plan.step, partition: next.partition)
    if let inputs = next.inputs {
      return start(
        slot, .fold(plan.step, partition: next.partition), plan.spec, plan.fingerprint,
        takeBroadcasts(of: plan), .align(fold, plan.stage, inputs), into: &effects)
    }
    start(
      slot, .fold(plan.step, partition: next.partition), plan.spec, plan.fingerprint, [],
      .fold(fold, plan.stage, next.blocks, isLast: next.isLast), into: &effects)
  }

  private mutating func nextMap(
    into effects: inout [WorkshopEffect]
  ) -> (Int, SplitAttempt)? {
    // What was mapped has to leave before more is.
    guard parcels.allSatisfy({ $0.waitingBytes < Self.parcelBytes }) else { return nil }
    for count in works.indices {
      let lane = (turn + count) % works.count
      guard let plan = works[lane]?.plan, works[lane]?.hasMaps == true, has(plan.spec.code),
        hasBroadcasts(plan), let attempt = works[lane]?.nextMap()
      else { continue }
      turn = lane + 1
      return (lane, attempt)
    }
    return nil
  }

  private mutating func startMap(
    _ slot: Int, _ lane: Int, _ attempt: SplitAttempt, into effects: inout [WorkshopEffect]
  ) {
    guard let plan = works[lane]?.plan else { return }
    let (branch, step, split) = plan.split(attempt.split)
    guard let input = input(split, of: step) else {
      works[lane]?.abandon(attempt)
      let failure = JobFailure(
        exitCode: 75, code: "try_again", message: "the records of a split are not at this node")
      return fail(plan.step, .split(attempt.split, attempt: attempt.attempt), failure)
    }
    let broadcasts = takeBroadcasts(of: plan)
    switch plan.purpose {
    case .sample:
      start(
        slot, .sample(plan.step, attempt), plan.spec, plan.fingerprint, broadcasts,
        .sample(branch, input), into: &effects)
    case .work:
      start(
        slot, .map(plan.step, attempt), plan.spec, plan.fingerprint, broadcasts,
        .map(branch, input, samples: plan.samples), into: &effects)
    }
  }

  /// What a map task reads; nil where it is not here.
  private func input(_ split: SplitDescription, of step: StepID?) -> MapInput? {
    switch split {
    case .files(let ranges): return .files(ranges)
    case .values(let range): return .values(range)
    case .records(let partition, let range):
      guard let step, let run = shelf.run(step, partition) else { return nil }
      return run.input(range)
    }
  }
}

extension HeldRun {
  /// The blocks that hold a range of records.
  fileprivate func input(_ range: Range<Int>) -> MapInput {
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
}

extension Errand {
  var work: ExecutorTask.Work {
    switch self {
    case .plan: .plan
    case .list(_, let branch): .list(branch)
    }
  }
}

extension TaskReport {
  fileprivate var endsTask: Bool {
    switch self {
    case .block, .runBlock, .spilled: false
    default: true
    }
  }

  fileprivate var errandReport: ErrandReport? {
    switch self {
    case .planned(let plan, let files): .planned(plan, files: files)
    case .listed(let files): .listed(files)
    default: nil
    }
  }
}
