// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// What clocks show.
package struct Time: Hashable, Sendable {
  /// Nanoseconds of a clock that never goes back.
  package let now: UInt64
  /// Microseconds since 1970.
  package let clock: UInt64

  package init(now: UInt64, clock: UInt64) {
    self.now = now
    self.clock = clock
  }
}

extension Scheduler {
  /// A step that makes runs: resumes it, gives splits out, and commits it once all are prepared.
  mutating func work(
    _ place: Int, _ step: Board.Step, _ work: Working, _ table: some StepTable, _ time: Time,
    into orders: inout Orders
  ) {
    var work = work
    if !work.isResumed {
      guard let complete = Self.complete(work.held, step) else { return }
      work.isResumed = true
      orders.messages.append(.resume(step.plan.step, complete: complete))
      // Some of what was on its way may be lost, and some members may be new.
      runs[place].unspread = step.plan.broadcasts
      runs[place].phase = .working(step.plan.step, work)
      return
    }
    // The message that resumes it has to come back first.
    guard !step.isSuspended else { return }
    var assigning = work.assigning ?? Assigning(step, members: view.members, now: time.now)
    assign(&assigning, step, table, time, into: &orders)
    work.assigning = assigning
    runs[place].phase = .working(step.plan.step, work)
    guard isPrepared(step, table), isCounted(place, work) else { return }
    finish(place, step, work, table, time, into: &orders)
  }

  /// The splits that all shards have; nil while some shard has not told.
  private static func complete(_ held: [SplitSet?], _ step: Board.Step) -> SplitSet? {
    var complete = SplitSet(first: step.plan.splitCount)
    for splits in held {
      guard let splits else { return nil }
      complete = complete.intersection(splits)
    }
    return complete
  }

  private func isPrepared(_ step: Board.Step, _ table: some StepTable) -> Bool {
    // guard: decide.allPrepared, decide.shardHolder
    step.participants.allSatisfy { replicas in
      !replicas.isEmpty
        && replicas.allSatisfy { table.prepared(step.plan.lane, of: $0) >= step.ordinal }
    }
  }

  private func isCounted(_ place: Int, _ work: Working) -> Bool {
    guard let plan = runs[place].plan, plan.counterCount > 0 else { return true }
    return work.counted.allSatisfy { $0 != nil }
  }

  /// Compares what the replicas have made, and commits it where they agree.
  private mutating func finish(
    _ place: Int, _ step: Board.Step, _ work: Working, _ table: some StepTable, _ time: Time,
    into orders: inout Orders
  ) {
    let plan = step.plan
    let input = table.input(plan.lane, of: step.participants[0][0])
    // Where a split was mapped twice, one shard may count the one, and another shard the other.
    for replicas in step.participants {
      for replica in replicas where table.input(plan.lane, of: replica) != input {
        return disagree(place, "shards disagree", clock: time.clock, into: &orders)
      }
    }
    var tallies: [RunTally] = []
    for partition in 0..<plan.partitions {
      let shard = view.map.shard(of: partition)
      let replicas = step.participants[shard]
      var tally = table.tally(plan.lane, partition: partition, of: replicas[0])
      // guard: decide.equal
      for other in replicas.dropFirst() {
        let others = table.tally(plan.lane, partition: partition, of: other)
        guard others != tally else { continue }
        let comparison = Comparison(
          partition: partition, replicas[0], other, records: max(tally.records, others.records))
        return compare(place, plan.step, comparison, into: &orders)
      }
      // A shard tells what was counted in its partitions, in their order.
      let index = partition / view.map.shards
      if let counted = work.counted[shard], index < counted.runs.count {
        tally.counters = counted.runs[index]
      }
      tallies.append(tally)
    }
    var all = input
    all.counters = work.counted.lazy.compactMap { $0?.splits }.first ?? []
    holders[plan.step] = step.participants
    commit(
      place, plan.step,
      StageRecord(
        step: plan.step, runs: tallies, input: all, splits: plan.splitCount,
        microseconds: (time.now - work.began) / 1000,
        spilledBytes: Set(step.participants.joined()).reduce(0) {
          $0 + table.spilledBytes(plan.lane, of: $1)
        }),
      clock: time.clock, into: &orders)
  }

  /// Something of a step failed. What fails twice in the same way fails the job.
  mutating func fail(
    _ place: Int, _ step: StepID, _ part: StepPart, _ failure: JobFailure, at node: NodeID,
    clock: UInt64, into orders: inout Orders
  ) {
    if case .split(let split, let attempt) = part, case .working(_, var work) = runs[place].phase {
      let attempt = SplitAttempt(split: split, attempt: attempt, node: node)
      guard work.retry(attempt, failure) else {
        return fail(place, failure, clock: clock, into: &orders)
      }
      runs[place].phase = .working(step, work)
      return
    }
    let stage = runs[place].stage
    let before = runs[place].failures.filter { $0.stage == stage }
    guard before.count + 1 < Self.stepMaximum,
      !before.contains(where: { $0.part.isSame(as: part) && $0.failure.isSame(as: failure) })
    else { return fail(place, failure, clock: clock, into: &orders) }
    // All of the step begins anew.
    runs[place].failures.append((stage, part, failure))
    orders.messages.append(.drop(step))
    runs[place].phase = .ready
  }
}

extension Working {
  /// Has a split tried once more; false where it failed before in the same way.
  fileprivate mutating func retry(_ attempt: SplitAttempt, _ failure: JobFailure) -> Bool {
    let before = failures.filter { $0.split == attempt.split }
    guard before.count + 1 < Scheduler.stepMaximum,
      !before.contains(where: { $0.failure.isSame(as: failure) })
    else { return false }
    failures.append((attempt.split, failure))
    assigning?.fail(attempt)
    return true
  }
}
