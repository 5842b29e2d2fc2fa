// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// A finished partition: immutable, its records in their order.
package struct HeldRun: Sendable {
  package let blocks: [Block]
  package let tally: RunTally

  package init(blocks: [Block], tally: RunTally) {
    self.blocks = blocks
    self.tally = tally
  }
}

/// The runs that a node holds, by step and partition.
package struct Shelf: Sendable {
  private struct Step: Sendable {
    let step: StepID
    var runs: [HeldRun?]
    /// Runs that come piece by piece, from another replica.
    var arriving: [Int: [Block]] = [:]
  }

  /// In ascending order of steps.
  private var steps: [Step] = []

  package init() {}

  private func place(of step: StepID) -> Int? { steps.firstIndex { $0.step == step } }

  package func run(_ step: StepID, _ partition: Int) -> HeldRun? {
    guard let place = place(of: step), partition < steps[place].runs.count else { return nil }
    return steps[place].runs[partition]
  }

  /// The steps of which it holds something.
  package var held: [StepID] { steps.map(\.step) }

  package mutating func put(_ run: HeldRun, _ step: StepID, _ partition: Int) {
    let place = makePlace(for: step)
    steps[place].runs[partition] = run
    steps[place].arriving[partition] = nil
  }

  private mutating func makePlace(for step: StepID) -> Int {
    if let place = place(of: step) { return place }
    let place = steps.firstIndex { $0.step > step } ?? steps.count
    steps.insert(
      Step(step: step, runs: Array(repeating: nil, count: Limits.partitions)), at: place)
    return place
  }

  /// Frees what it has of a step in shards but these.
  package mutating func keep(_ step: StepID, _ map: ShardMap, _ isKept: (_ shard: Int) -> Bool) {
    guard let place = place(of: step) else { return }
    for partition in steps[place].runs.indices where !isKept(map.shard(of: partition)) {
      steps[place].runs[partition] = nil
      steps[place].arriving[partition] = nil
    }
  }

  /// Takes in a piece of a run that it lacks. Pieces come in order; those of a run that another
  /// replica had begun to send before it died begin anew.
  package mutating func take(_ piece: RunPiece, _ block: Block?) {
    // guard: supply.lacks
    guard run(piece.step, piece.partition) == nil, piece.partition < Limits.partitions else {
      return
    }
    let place = makePlace(for: piece.step)
    var blocks = piece.index == 0 ? [] : steps[place].arriving[piece.partition] ?? []
    guard blocks.count == piece.index else { return }
    if let block { blocks.append(block) }
    // guard: supply.whole
    guard piece.index + 1 >= piece.count else {
      steps[place].arriving[piece.partition] = blocks
      return
    }
    put(HeldRun(blocks: blocks, tally: piece.tally), piece.step, piece.partition)
  }

  /// Whether all runs of a step that lie in a shard are here.
  package func holds(_ runs: ShardRuns, _ map: ShardMap, partitions: Int) -> Bool {
    map.partitions(of: runs.shard, count: partitions).allSatisfy { run(runs.step, $0) != nil }
  }

  /// Frees the runs of all steps but these.
  package mutating func keep(_ isLive: (StepID) -> Bool) {
    steps.removeAll { !isLive($0.step) }
  }

  package var bytes: Int {
    steps.reduce(0) { sum, step in
      sum + step.runs.reduce(0) { $0 + ($1?.tally.bytes ?? 0) }
    }
  }
}
