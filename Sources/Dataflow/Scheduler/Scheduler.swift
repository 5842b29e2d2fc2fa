// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Vocabulary

/// Brings jobs from the queue to their results, step by step. One coordinator schedules in a view:
/// made anew with each view, from what all coordinators and all members know.
///
/// It decides nothing that others could not see: a step begins by a message to all, is complete
/// when the state table says so, and is committed by a command of the coordinators' order.
package struct Scheduler: Sendable {
  let node: NodeID
  let view: ClusterView
  private let retention: Retention
  var runs: [JobRun] = []
  private var begun: UInt64 = 0
  var stock: Stock
  /// The change of the coordinators' state that was looked at last.
  private var revision: UInt64?
  /// Of steps that were committed in this view: who has their runs, by shard.
  var holders: [StepID: [[NodeID]]] = [:]

  /// Jobs that are planned or run at a time; those that wait for a result's name are among them.
  private static let runMaximum = 4 * Limits.lanes
  /// How often a stage is begun in one attempt, whatever goes wrong.
  static let stepMaximum = 4

  package init(
    _ node: NodeID, _ view: ClusterView, board: Board, coordination: Coordination,
    retention: Retention, _ time: Time, into orders: inout Orders
  ) {
    self.node = node
    self.view = view
    self.retention = retention
    stock = Stock(view)
    for step in board.steps {
      guard let run = JobRun(adopting: step, coordination, view, time) else {
        orders.messages.append(.drop(step.plan.step))
        continue
      }
      orders.messages.append(.restate(step))
      runs.append(run)
    }
    for job in coordination.jobs.jobs where job.phase == .running {
      guard !runs.contains(where: { $0.id == job.id }) else { continue }
      runs.append(JobRun(continuing: job))
    }
  }

  /// One step, which costs little where nothing has changed.
  package mutating func step(
    _ board: Board, _ coordination: Coordination, _ table: some StepTable, _ time: Time,
    into orders: inout Orders
  ) {
    if coordination.revision != revision {
      revision = coordination.revision
      follow(coordination, into: &orders)
    }
    guard stock.isKnown else { return }
    for place in runs.indices {
      advance(place, board, coordination, table, time, into: &orders)
    }
  }

  /// Takes in what the coordinators have decided.
  private mutating func follow(
    _ coordination: Coordination, into orders: inout Orders
  ) {
    var ended: [StepID] = []
    runs.removeAll { run in
      guard let job = coordination.jobs[run.id], !job.phase.isOver, job.attempt <= run.attempt,
        job.attempt < run.attempt || job.phase == .running
      else {
        if let step = run.step { ended.append(step) }
        if case .committing(let step) = run.phase { ended.append(step) }
        return true
      }
      return false
    }
    // What is needed of a step is told before it is no longer under way: at no moment does anybody
    // take its runs for useless, or itself for complete without them.
    if let message = stock.follow(coordination.liveSteps) { orders.messages.append(message) }
    for step in ended { orders.messages.append(.drop(step)) }
    for job in coordination.jobs.jobs where job.phase == .queued {
      guard runs.count < Self.runMaximum else { break }
      guard !runs.contains(where: { $0.id == job.id }) else { continue }
      runs.append(JobRun(job, attempt: job.attempt + 1, phase: .planning))
      orders.errands.append((.plan(job.id), job.spec))
    }
  }

  /// The number of the next step, which no other ever has. (guard: begin.fresh)
  mutating func nextStep() -> StepID {
    defer { begun += 1 }
    return StepID(view: view.number, count: begun)
  }

  /// A message from a member: to all, in the order that all see.
  package mutating func take(
    _ message: ControlMessage, from sender: NodeID, clock: UInt64, into orders: inout Orders
  ) {
    switch message {
    case .stocked(let number, let missing):
      stock.take(number, missing, from: sender)
      let lost = stock.takeLost()
      if !lost.isEmpty { orders.commands.append(.lost(lost, clock: clock)) }
    case .held(let step, let shard, let splits):
      change(step) { run in
        guard case .working(_, var work) = run.phase, shard < work.held.count else { return }
        work.held[shard] = splits
        run.phase = .working(step, work)
      }
    case .sampled(let step, let split, let keys):
      change(step) { run in
        guard case .sampling(_, var sampling) = run.phase, split < sampling.keys.count else {
          return
        }
        sampling.keys[split] = sampling.keys[split] ?? keys
        run.phase = .sampling(step, sampling)
      }
    case .counted(let step, let shard, let splits, let runs):
      change(step) { run in
        guard case .working(_, var work) = run.phase, shard < work.counted.count else { return }
        work.counted[shard] = (splits, runs)
        run.phase = .working(step, work)
      }
    case .compared(let step, let partition, let excerpt):
      for place in runs.indices where runs[place].step == step {
        compared(place, step, partition, excerpt, from: sender, clock: clock, into: &orders)
      }
    case .failed(let step, let part, let failure, _):
      for place in runs.indices where runs[place].step == step {
        fail(place, step, part, failure, at: sender, clock: clock, into: &orders)
      }
    default: break
    }
  }

  private mutating func change(_ step: StepID, _ body: (inout JobRun) -> Void) {
    for place in runs.indices where runs[place].step == step { body(&runs[place]) }
  }

  /// What an executor of this node came back with.
  package mutating func take(
    _ report: ErrandReport, of errand: Errand, clock: UInt64, into orders: inout Orders
  ) {
    if case .died(let failure) = report {
      return repeatErrand(errand, failure, clock, into: &orders)
    }
    switch errand {
    case .plan(let job):
      guard let place = runs.firstIndex(where: { $0.id == job }) else { return }
      guard case .planning = runs[place].phase else { return }
      planned(place, report, clock, into: &orders)
    case .list(let job, let branch):
      guard let place = runs.firstIndex(where: { $0.id == job }) else { return }
      guard case .listing(let left) = runs[place].phase else { return }
      switch report {
      case .listed(let files):
        runs[place].files[branch] = files
        runs[place].phase = left == 1 ? .ready : .listing(left: left - 1)
      case .failed(let failure): fail(place, failure, clock: clock, into: &orders)
      case .planned, .died: break
      }
    }
  }

  /// An executor has died over an errand: another one tries, once.
  private mutating func repeatErrand(
    _ errand: Errand, _ failure: JobFailure, _ clock: UInt64, into orders: inout Orders
  ) {
    guard let place = runs.firstIndex(where: { $0.id == errand.job }) else { return }
    switch runs[place].phase {
    case .planning, .listing: break
    default: return
    }
    guard !runs[place].repeated.contains(errand) else {
      return fail(place, failure, clock: clock, into: &orders)
    }
    runs[place].repeated.append(errand)
    orders.errands.append((errand, runs[place].spec))
  }

  private mutating func planned(
    _ place: Int, _ report: ErrandReport, _ clock: UInt64, into orders: inout Orders
  ) {
    switch report {
    case .planned(let plan, let files):
      runs[place].plan = plan
      for found in files { runs[place].files[found.branch] = found.files }
      list(place, into: &orders)
    case .failed(let failure): fail(place, failure, clock: clock, into: &orders)
    case .listed, .died: break
    }
  }

  /// No member has an executable any more.
  mutating func lose(_ code: CodeDigest, clock: UInt64, into orders: inout Orders) {
    for place in runs.indices where runs[place].spec.code == code {
      if case .failing = runs[place].phase { continue }
      let failure = JobFailure(
        exitCode: 75, code: "try_again", message: "no node has the job's executable any more",
        advice: "submit the job again: its executable is sent along")
      fail(place, failure, clock: clock, into: &orders)
    }
  }

  /// Ends a job for a reason that somebody else found.
  mutating func fail(
    _ job: JobID, _ failure: JobFailure, clock: UInt64, into orders: inout Orders
  ) {
    guard let place = runs.firstIndex(where: { $0.id == job }) else { return }
    fail(place, failure, clock: clock, into: &orders)
  }

  /// Ends a job that cannot be done.
  mutating func fail(
    _ place: Int, _ failure: JobFailure, clock: UInt64, into orders: inout Orders
  ) {
    let run = runs[place]
    if let step = run.step { orders.messages.append(.drop(step)) }
    runs[place].phase = .failing
    runs[place].waits = nil
    orders.commands.append(.fail(run.id, attempt: run.attempt, failure, clock: clock))
  }

  /// Commits a stage: the job's results become visible with its last one.
  mutating func commit(
    _ place: Int, _ step: StepID, _ record: StageRecord, clock: UInt64,
    into orders: inout Orders
  ) {
    runs[place].phase = .committing(step)
    orders.commands.append(
      .stage(
        runs[place].id, attempt: runs[place].attempt, StageID(runs[place].stage), record,
        retention, clock: clock))
  }
}

extension JobRun {
  /// A job whose step goes on from an earlier view; nil where nobody wants the step.
  fileprivate init?(
    adopting step: Board.Step, _ coordination: Coordination, _ view: ClusterView, _ time: Time
  ) {
    let plan = step.plan
    guard plan.purpose == .work, let job = coordination.jobs[plan.job], job.phase == .running,
      job.attempt == plan.attempt, job.stages.count == plan.stage.index,
      // Where no replica of a shard has all of it, the stage begins anew.
      step.participants.count == view.receivers.count,
      step.participants.allSatisfy({ !$0.isEmpty })
    else { return nil }
    let shards = view.receivers.count
    self.init(continuing: job)
    lane = plan.lane
    phase = .working(
      plan.step,
      Working(
        assigning: nil, held: Array(repeating: nil, count: shards), isResumed: false,
        began: Self.beginning(of: job, time), counted: Array(repeating: nil, count: shards)))
  }

  /// When the stage that is under way was begun, by another node's clock: once the job was, and
  /// its earlier stages had taken their time.
  private static func beginning(of job: JobRecord, _ time: Time) -> UInt64 {
    let before = job.stages.reduce(job.begun?.microseconds ?? time.clock) { $0 + $1.microseconds }
    return time.now &- min(time.now, 1000 * (time.clock - min(time.clock, before)))
  }

  /// A job that was begun by an earlier scheduler.
  fileprivate init(continuing job: JobRecord) {
    self.init(job, attempt: job.attempt, phase: .ready)
    plan = job.plan
    stage = job.stages.count
  }
}
