// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

/// The folding of a step's partitions at one replica: what waits to be folded, what an executor has
/// in hand, and the runs that come out.
package struct Folds: Sendable {
  /// Blocks that an executor takes into a partition; after the last ones, it makes the run.
  package struct Turn: Sendable {
    package let partition: Int
    package let blocks: [Block]
    package let isLast: Bool
    /// In place of all that: what the partition is made of, by branch.
    package let inputs: [[Block]]?
  }

  private struct Partition: Sendable {
    let number: Int
    /// Blocks that wait, in split order.
    var queue: [Block] = []
    var queuedBytes = 0
    /// Whether an executor has ever had some of it: else its run is empty, and nobody is asked.
    var hasBegun = false
    var isBusy = false
    var run: [Block] = []
    var tally: RunTally?
    /// What it is made of, by branch, where the step is aligned and all of it is here.
    var inputs: [[Block]]?
  }

  private var partitions: [Partition]
  /// Whether all blocks of all splits were queued.
  private var isClosed = false
  /// Bytes of blocks that wait or are in hand.
  package private(set) var queuedBytes = 0
  private var inHand: [Int: Int] = [:]

  /// Whether each partition is made at once, of others.
  private let isAligned: Bool

  package init(_ numbers: some Sequence<Int>, isAligned: Bool = false) {
    partitions = numbers.map { Partition(number: $0) }
    self.isAligned = isAligned
  }

  /// Of an aligned step: partitions that wait for what they are made of.
  var unfed: [Int] {
    guard isAligned else { return [] }
    return partitions.filter { $0.inputs == nil && $0.tally == nil }.map(\.number)
  }

  /// What a partition is made of is here.
  mutating func feed(_ partition: Int, _ inputs: [[Block]]) {
    change(partition) {
      // Every kernel makes an empty run of nothing.
      if inputs.allSatisfy(\.isEmpty) { $0.tally = RunTally() } else { $0.inputs = inputs }
    }
  }

  package mutating func queue(_ block: Block, _ partition: Int) {
    guard let place = partitions.firstIndex(where: { $0.number == partition }) else { return }
    partitions[place].queue.append(block)
    partitions[place].queuedBytes += block.count
    queuedBytes += block.count
  }

  /// No more blocks will come.
  package mutating func close() {
    isClosed = true
    if isAligned { return }
    for place in partitions.indices where !partitions[place].hasBegun {
      if partitions[place].queue.isEmpty, partitions[place].tally == nil {
        // Every kernel makes an empty run of nothing.
        partitions[place].tally = RunTally()
      }
    }
  }

  /// What an executor can do next, of the partitions that are its own, where so many bytes wait or
  /// no more will come. Each partition is folded by one executor, from its first block to its run.
  package mutating func next(ofAtLeast bytes: Int = 1, _ isOwn: (Int) -> Bool) -> Turn? {
    var best: Int?
    for place in partitions.indices {
      let partition = partitions[place]
      guard !partition.isBusy, partition.tally == nil, isOwn(partition.number) else { continue }
      if isAligned {
        if partition.inputs != nil { best = best ?? place }
      } else if !partition.queue.isEmpty {
        guard isClosed || partition.queuedBytes >= bytes else { continue }
        if best.map({ partitions[$0].queuedBytes < partition.queuedBytes }) ?? true { best = place }
      } else if isClosed, partition.hasBegun, best == nil {
        best = place
      }
    }
    guard let best else { return nil }
    let turn = Turn(
      partition: partitions[best].number, blocks: partitions[best].queue, isLast: isClosed,
      inputs: partitions[best].inputs)
    partitions[best].isBusy = true
    partitions[best].hasBegun = true
    inHand[turn.partition] = partitions[best].queuedBytes
    partitions[best].queue = []
    partitions[best].queuedBytes = 0
    return turn
  }

  package mutating func folded(_ partition: Int) {
    letGo(partition)
    change(partition) { $0.isBusy = false }
  }

  private mutating func letGo(_ partition: Int) {
    queuedBytes -= inHand.removeValue(forKey: partition) ?? 0
  }

  package mutating func runBlock(_ partition: Int, _ block: Block) {
    change(partition) { $0.run.append(block) }
  }

  package mutating func finished(_ partition: Int, _ tally: RunTally) {
    letGo(partition)
    change(partition) {
      $0.isBusy = false
      $0.tally = tally
    }
  }

  private mutating func change(_ partition: Int, _ body: (inout Partition) -> Void) {
    guard let place = partitions.firstIndex(where: { $0.number == partition }) else { return }
    body(&partitions[place])
  }

  /// How far it is, for people.
  package var text: String {
    let open = partitions.filter { $0.tally == nil }.map { partition in
      "\(partition.number)\(partition.isBusy ? " busy" : "")"
        + (partition.queue.isEmpty ? "" : " \(partition.queue.count) blocks")
        + (isAligned && partition.inputs == nil ? " without its input" : "")
    }
    return isClosed || !open.isEmpty
      ? "\(isClosed ? "closed" : "open"), partitions left: \(open.joined(separator: ", "))"
      : "nothing to fold"
  }

  /// Nobody wants these any more.
  package mutating func remove(_ numbers: some Sequence<Int>) {
    let numbers = Array(numbers)
    partitions.removeAll { numbers.contains($0.number) }
    // An executor that has one in hand reports it still.
    for number in numbers { inHand[number] = nil }
    queuedBytes = partitions.reduce(0) { $0 + $1.queuedBytes + (inHand[$1.number] ?? 0) }
  }

  /// Whether some partition has blocks, or waits to be finished.
  var hasOpen: Bool {
    partitions.contains { partition in
      partition.tally == nil
        && (!partition.queue.isEmpty || partition.inputs != nil || partition.hasBegun && isClosed)
    }
  }

  package var isDone: Bool { partitions.allSatisfy { $0.tally != nil } }

  /// All runs, once it is done.
  package var runs: [(partition: Int, run: HeldRun)] {
    partitions.compactMap { partition in
      partition.tally.map { (partition.number, HeldRun(blocks: partition.run, tally: $0)) }
    }
  }

  /// Partitions that an executor has gathered something of, and has not finished: lost with it.
  package func begun(_ isOwn: (Int) -> Bool) -> [Int] {
    partitions.filter { $0.hasBegun && $0.tally == nil && isOwn($0.number) }.map(\.number)
  }
}
