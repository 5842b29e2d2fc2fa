// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// What closures on this node are handed of other nodes' shards, and of which steps executors were
/// told.
struct BroadcastShelf: Sendable {
  private var shelf = Shelf()
  /// Steps that executors were told of.
  private var told: [StepID] = []

  func run(_ step: StepID, _ partition: Int) -> HeldRun? { shelf.run(step, partition) }

  mutating func take(_ piece: RunPiece, _ block: Block?) { shelf.take(piece, block) }

  /// Executors are told of a step.
  mutating func tell(_ step: StepID) {
    if !told.contains(step) { told.append(step) }
  }

  /// Frees all but what is needed; returns the steps that executors have no use for any more.
  mutating func keep(_ isNeeded: (StepID) -> Bool) -> [StepID] {
    shelf.keep(isNeeded)
    let ended = told.filter { !isNeeded($0) }
    told.removeAll { !isNeeded($0) }
    return ended
  }
}

extension Workshop {
  /// Sends what this node has of a step to all members, where that is its part.
  mutating func spread(
    _ step: StepID, _ partitions: Int, _ givers: [NodeID], _ view: ClusterView
  ) {
    for (shard, giver) in givers.enumerated() where giver == node && shard < view.receivers.count {
      for partition in view.map.partitions(of: shard, count: partitions) {
        guard let run = shelf.run(step, partition) else { continue }
        let count = run.blocks.count
        for (index, block) in run.blocks.enumerated() {
          let piece = RunPiece(
            step: step, partition: partition, index: index, count: count, tally: run.tally)
          messages.append(.broadcast(piece, records: block.records, Array(block.bytes)))
          block.letGo()
        }
        if count == 0 {
          let piece = RunPiece(
            step: step, partition: partition, index: 0, count: 0, tally: run.tally)
          messages.append(.broadcast(piece, records: 0, []))
        }
      }
    }
  }

  mutating func takeBroadcast(_ piece: RunPiece, _ records: Int, _ bytes: [UInt8]) {
    guard runOfBroadcast(piece.step, piece.partition) == nil else { return }
    if piece.count == 0 { return broadcasts.take(piece, nil) }
    let block = bytes.withBytes { memory.block(copying: $0, records: records) }
    if let block { return broadcasts.take(piece, block) }
    for work in works {
      guard let plan = work?.plan, plan.broadcasts.contains(where: { $0.step == piece.step }) else {
        continue
      }
      fail(plan.step, .all, outOfMemory)
    }
  }

  private func runOfBroadcast(_ step: StepID, _ partition: Int) -> HeldRun? {
    shelf.run(step, partition) ?? broadcasts.run(step, partition)
  }

  /// Whether all that a step's closures are handed is here.
  func hasBroadcasts(_ plan: StepPlan) -> Bool {
    plan.broadcasts.allSatisfy { input in
      (0..<input.partitions).allSatisfy { runOfBroadcast(input.step, $0) != nil }
    }
  }

  /// What a step's closures are handed, for an executor.
  mutating func takeBroadcasts(
    of plan: StepPlan
  ) -> [(input: BroadcastInput, runs: [[Block]])] {
    plan.broadcasts.map { input in
      broadcasts.tell(input.step)
      return (
        input, (0..<input.partitions).map { runOfBroadcast(input.step, $0)?.blocks ?? [] }
      )
    }
  }
}
