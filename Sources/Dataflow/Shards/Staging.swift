// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

/// What a shard's replica has of a step's splits, before it is folded.
///
/// All replicas of a shard take the same entries in the same order, so all have the same splits
/// sealed. A split counts once its seal is there, whichever of its attempts was first; splits are
/// handed out in their order, so that every replica folds the same bytes in the same order.
package struct Staging: Sendable {
  package struct StagedBlock: Sendable {
    package let partition: Int
    package let block: Block
  }

  /// What a seal says that cannot be.
  package enum Fault: Error, Hashable, Sendable {
    /// The seal counts other blocks than came.
    case blocksMissing(SplitKey, came: Int, sealed: Int)
    /// Two attempts at a split came to different things: a closure is not deterministic.
    case attemptsDiffer(split: Int)
  }

  private let splits: Int
  /// By split: the blocks of attempts that are not sealed. Mostly one attempt.
  private var open: [[(attempt: Int, blocks: [StagedBlock])]]
  /// By split: blocks that are sealed and not handed out.
  private var waiting: [[StagedBlock]]
  private var tallies: [SplitTally?]
  package private(set) var sealed = SplitSet()
  /// Splits below it were handed out.
  package private(set) var handedOut = 0
  /// What all sealed splits together came to.
  package private(set) var tally = SplitTally()

  package init(splits: Int) {
    self.splits = splits
    open = Array(repeating: [], count: splits)
    waiting = Array(repeating: [], count: splits)
    tallies = Array(repeating: nil, count: splits)
  }

  package var isComplete: Bool { sealed.count == splits }

  /// Whether the bytes of this attempt are of any use.
  package func wants(_ key: SplitKey) -> Bool { key.split < splits && !sealed.contains(key.split) }

  package mutating func take(_ key: SplitKey, partition: Int, _ block: Block) {
    guard wants(key) else { return }
    let staged = StagedBlock(partition: partition, block: block)
    if let place = open[key.split].firstIndex(where: { $0.attempt == key.attempt }) {
      open[key.split][place].blocks.append(staged)
    } else {
      open[key.split].append((key.attempt, [staged]))
    }
  }

  package mutating func seal(
    _ key: SplitKey, blocks count: Int, _ tally: SplitTally
  ) throws(Fault) {
    guard key.split < splits else { return }
    // guard: seal.first
    if sealed.contains(key.split) {
      guard tallies[key.split] == tally else { throw .attemptsDiffer(split: key.split) }
      return
    }
    let blocks = open[key.split].first { $0.attempt == key.attempt }?.blocks ?? []
    // guard: seal.whole
    guard blocks.count == count else {
      throw .blocksMissing(key, came: blocks.count, sealed: count)
    }
    open[key.split] = []
    waiting[key.split] = blocks
    tallies[key.split] = tally
    self.tally.add(tally)
    sealed.insert(key.split)
  }

  /// The blocks of the next split in order; nil where it is not sealed.
  package mutating func next() -> [StagedBlock]? {
    guard handedOut < splits, handedOut < sealed.frontier else { return nil }
    defer { handedOut += 1 }
    let blocks = waiting[handedOut]
    waiting[handedOut] = []
    return blocks
  }
}

extension SplitTally {
  /// Adds what another split came to.
  package mutating func add(_ other: SplitTally) {
    recordsRead += other.recordsRead
    bytesRead += other.bytesRead
    recordsShuffled += other.recordsShuffled
    bytesShuffled += other.bytesShuffled
    while counters.count < other.counters.count { counters.append(0) }
    for (place, count) in other.counters.enumerated() { counters[place] += count }
  }
}
