// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
package import Vocabulary

/// The steps under way, as all members see them: changed by control messages and by view changes
/// alone, which all members see in one order. So whoever becomes the scheduler goes on from there.
package struct Board: Hashable, Sendable {
  package struct Step: Hashable, Sendable {
    package let plan: StepPlan
    /// Counts the steps of its lane in this view, from 1: what the column `prepared` rises to.
    package internal(set) var ordinal: UInt64
    /// By shard: the replicas that have taken part from the beginning, and so have all of it.
    package internal(set) var participants: [[NodeID]]
    /// Attempts that are under way, in the order in which they were assigned.
    package internal(set) var attempts: [SplitAttempt] = []
    /// By split: attempts that there ever were. A new one gets a number that no other had: what a
    /// member left behind that died is not mixed with it.
    package internal(set) var attemptCounts: [Int]
    /// Splits that were complete everywhere when this view took the step over.
    package internal(set) var complete = SplitSet()
    /// Whether it came from an earlier view and is not yet resumed in this one.
    package internal(set) var isSuspended = false

    /// The attempts of a node, in their order.
    package func attempts(of node: NodeID) -> [SplitAttempt] {
      attempts.filter { $0.node == node }
    }

    /// Whether a node has taken part in a shard from the beginning. Samples leave nothing there.
    func hasPart(_ node: NodeID, in shard: Int) -> Bool {
      guard plan.purpose == .work else { return true }
      return shard < participants.count && participants[shard].contains(node)
    }

    init(plan: StepPlan, ordinal: UInt64, participants: [[NodeID]]) {
      self.plan = plan
      self.ordinal = ordinal
      self.participants = participants
      attemptCounts = Array(repeating: 0, count: plan.splitCount)
    }
  }

  /// By lane.
  package private(set) var lanes: [Step?] = Array(repeating: nil, count: Limits.lanes)
  /// By lane: steps that have begun in this view.
  private var ordinals = [UInt64](repeating: 0, count: Limits.lanes)

  private static let carriedOver: UInt64 = 1

  package init() {}

  package subscript(_ step: StepID) -> Step? { steps.first { $0.plan.step == step } }

  package var steps: [Step] { lanes.compactMap { $0 } }

  /// What a message of the scheduler changes. `receivers`: by shard, in this view.
  package mutating func apply(_ message: ControlMessage, receivers: [[NodeID]]) {
    switch message {
    case .begin(let plan):
      ordinals[plan.lane] += 1
      lanes[plan.lane] = Step(
        plan: plan, ordinal: ordinals[plan.lane], participants: receivers)
    case .restate(let step):
      // Only who has just joined does not know it.
      if self[step.plan.step] == nil {
        lanes[step.plan.lane] = step
      }
    case .assign(let step, let attempts):
      change(step) { step in
        step.attempts += attempts
        for attempt in attempts where attempt.split < step.attemptCounts.count {
          step.attemptCounts[attempt.split] += 1
        }
      }
    case .resume(let step, let complete):
      change(step) { step in
        step.isSuspended = false
        step.complete = complete
        step.attempts.removeAll { complete.contains($0.split) }
      }
    case .failed(let step, .split(let split, let attempt), _, _):
      change(step) { step in
        step.attempts.removeAll { $0.split == split && $0.attempt == attempt }
      }
    case .drop(let step):
      for lane in lanes.indices where lanes[lane]?.plan.step == step { lanes[lane] = nil }
    default: break
    }
  }

  private mutating func change(_ step: StepID, _ body: (inout Step) -> Void) {
    for lane in lanes.indices where lanes[lane]?.plan.step == step {
      guard var changed = lanes[lane] else { continue }
      body(&changed)
      lanes[lane] = changed
    }
  }

  /// A view begins. Steps go on with those of their participants that are still members; what dead
  /// members were mapping is nobody's. Samples are taken anew: they are quickly taken.
  package mutating func beginView(_ view: ClusterView) {
    // The first is kept for a step that goes on, also in lanes without one: who joins counts alike.
    ordinals = [UInt64](repeating: Self.carriedOver, count: Limits.lanes)
    for lane in lanes.indices {
      guard var step = lanes[lane] else { continue }
      guard step.plan.purpose == .work else {
        lanes[lane] = nil
        continue
      }
      step.ordinal = Self.carriedOver
      // Who is moved to other shards takes no part in them any more.
      step.participants = step.participants.enumerated().map { shard, replicas in
        shard < view.receivers.count ? replicas.filter(view.receivers[shard].contains) : []
      }
      step.attempts.removeAll { !view.members.contains($0.node) }
      step.isSuspended = true
      lanes[lane] = step
    }
  }
}

extension ByteBuffer {
  mutating func append(_ step: Board.Step) {
    append(step.plan)
    appendVarint(step.ordinal)
    append(list: step.participants) { $0.append(list: $1) { $0.append($1) } }
    append(list: step.attempts) { $0.append($1) }
    append(list: step.attemptCounts) { $0.appendVarint(UInt64($1)) }
    append(step.complete)
    append((step.isSuspended ? 1 : 0) as UInt8)
  }
}

extension ByteReader {
  mutating func boardStep() throws(Damaged) -> Board.Step {
    let plan = try stepPlan()
    let ordinal = try varint()
    let participants = try list { reader throws(Damaged) in
      try reader.list { reader throws(Damaged) in try reader.id() }
    }
    var step = Board.Step(plan: plan, ordinal: ordinal, participants: participants)
    step.attempts = try list { reader throws(Damaged) in try reader.splitAttempt() }
    step.attemptCounts = try list { reader throws(Damaged) in try reader.number() }
    step.complete = try splitSet()
    step.isSuspended = try byte() == 1
    return step
  }
}
