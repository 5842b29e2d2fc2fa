// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Synchronization
import Vocabulary

/// One stage at work on all threads of this process.
///
/// Every thread does what is most wanted: fold a partition whose blocks pile up, else map the next
/// split, else fold what there is, else wait. Blocks of a split enter the partitions' queues only
/// when all splits before it have: every partition folds in split order, whatever the threads do.
final class StageRun: @unchecked Sendable {
  // Sendable because mutable state is only touched under `monitor`, or by the one thread that has
  // marked the partition as busy.
  private let stage: StageSpec
  private let source: SplitSource
  private let pool: BlockPool
  private let tableSeed: UInt64
  private let splitters: Splitters?
  private let broadcasts: BroadcastValues
  private let progress: StageProgress
  private let cancellation: Cancellation
  private let threads: Int

  private let monitor = Monitor()
  /// How many partitions there are: read without the lock.
  private let partitionCount: Int
  private var partitions: [Partition]
  /// Mapped splits that wait for earlier ones.
  private var waiting: [Int: [[Block]]] = [:]
  /// The first split that is not yet queued.
  private var frontier = 0
  private var handedOut = 0
  private var isExhausted = false
  private var isReading = false
  private var queuedBytes = 0
  private var failure: (any Error)?
  private let nextToFinish = Atomic<Int>(0)
  private var runs: [Run?]

  private struct Partition {
    var queue: [Block] = []
    var queuedBytes = 0
    var isBusy = false
    var folder: Folder?
  }

  init(
    _ stage: StageSpec, source: SplitSource, pool: BlockPool, splitters: Splitters?,
    tableSeed: UInt64, broadcasts: BroadcastValues, threads: Int, progress: StageProgress,
    cancellation: Cancellation
  ) {
    self.stage = stage
    self.source = source
    self.pool = pool
    self.splitters = splitters
    self.tableSeed = tableSeed
    self.broadcasts = broadcasts
    self.threads = threads
    self.progress = progress
    self.cancellation = cancellation
    partitionCount = stage.partitionCount
    partitions = Array(repeating: Partition(), count: partitionCount)
    runs = Array(repeating: nil, count: partitionCount)
  }

  /// Does all the work; returns the runs of all partitions, in order.
  func run() throws -> [Run] {
    try Threads.run(threads) { [self] _ in work() }
    if let failure { throw failure }
    if cancellation.isCancelled { throw InlineRunner.interrupted }
    return runs.compactMap { $0 }
  }

  private enum Turn {
    case fold(partition: Int, [Block])
    /// Read the next split, which only one thread does at a time.
    case read
    /// Nothing to do at the moment.
    case again
    case finish
    case stop
  }

  private func work() {
    let mapper = SplitMapper(
      stage, writer: PartitionWriter(partitions: partitionCount, pool: pool),
      splitters: splitters, tableSeed: tableSeed, broadcasts: broadcasts)
    do {
      while true {
        switch nextTurn() {
        case .read:
          if let (id, split) = try readSplit() { queue(id, try map(split, by: mapper)) }
          try pool.budget.check()
        case .again: continue
        case .fold(let partition, let blocks):
          try fold(partition, blocks)
          try pool.budget.check()
        case .finish: return try finishPartitions()
        case .stop: return
        }
      }
    } catch {
      monitor.withLock {
        if failure == nil { failure = error }
        monitor.signalAll()
      }
    }
  }

  private func nextTurn() -> Turn {
    monitor.withLock {
      if failure != nil || cancellation.isCancelled { return .stop }
      if let turn = takeFold(ofAtLeast: Limits.foldBytes) { return turn }
      if canMap {
        isReading = true
        return .read
      }
      if let turn = takeFold(ofAtLeast: 1) { return turn }
      let isFolded = !partitions.contains { $0.isBusy || !$0.queue.isEmpty }
      if isExhausted, frontier == handedOut, isFolded { return .finish }
      monitor.wait()
      return .again
    }
  }

  /// Whether another split may be mapped: one reads at a time, and both the splits under way and
  /// the bytes that wait to be folded are bounded, so that memory does not grow with the input.
  private var canMap: Bool {
    !isExhausted && !isReading && handedOut - frontier <= Self.splitsUnderWay(threads: threads)
      && queuedBytes < min(Limits.queuedBytes, pool.budget.limit / 8)
  }

  /// How many splits may wait, mapped or being mapped, while the one before them is mapped.
  static func splitsUnderWay(threads: Int) -> Int { 2 * threads + 1 }

  private func readSplit() throws -> (id: Int, split: BranchSplit)? {
    // Outside of the lock: a stream may take its time.
    let read = Result { try source.next(isCancelled: { cancellation.isCancelled }) }
    return try monitor.withLock {
      isReading = false
      monitor.signalAll()
      guard let next = try read.get() else {
        isExhausted = true
        return nil
      }
      // Later splits may come first.
      handedOut = max(handedOut, next.id + 1)
      return next
    }
  }

  /// Maps a split; returns its blocks by partition.
  private func map(_ split: BranchSplit, by mapper: SplitMapper) throws -> [[Block]] {
    try mapper.map(split) { records, bytes in
      progress.recordsRead.add(records, ordering: .relaxed)
      progress.bytesRead.add(bytes, ordering: .relaxed)
      return !cancellation.isCancelled
    }
    if case .records(let slice) = split.split {
      progress.bytesRead.add(slice.bytes, ordering: .relaxed)
    }
    let blocks = mapper.writer.takeBlocks()
    for block in blocks.joined() {
      progress.recordsShuffled.add(block.records, ordering: .relaxed)
      progress.bytesShuffled.add(block.count, ordering: .relaxed)
    }
    return blocks
  }

  private func takeFold(ofAtLeast bytes: Int) -> Turn? {
    var best: Int?
    for index in partitions.indices where !partitions[index].isBusy {
      let queued = partitions[index].queuedBytes
      if queued >= bytes, queued > best.map({ partitions[$0].queuedBytes }) ?? 0 { best = index }
    }
    guard let best else { return nil }
    let blocks = partitions[best].queue
    partitions[best].queue = []
    queuedBytes -= partitions[best].queuedBytes
    partitions[best].queuedBytes = 0
    partitions[best].isBusy = true
    return .fold(partition: best, blocks)
  }

  /// Queues the blocks of a split, and of those behind it that waited for it.
  private func queue(_ id: Int, _ blocks: [[Block]]) {
    monitor.withLock {
      waiting[id] = blocks
      while let ready = waiting.removeValue(forKey: frontier) {
        for (index, blocks) in ready.enumerated() {
          partitions[index].queue += blocks
          let bytes = blocks.reduce(0) { $0 + $1.count }
          partitions[index].queuedBytes += bytes
          queuedBytes += bytes
        }
        frontier += 1
      }
      monitor.signalAll()
    }
  }

  private func fold(_ partition: Int, _ blocks: [Block]) throws {
    let folder = folder(partition)
    try locating(nil) { for block in blocks { try folder.fold(block) } }
    monitor.withLock {
      partitions[partition].isBusy = false
      monitor.signalAll()
    }
  }

  private func folder(_ partition: Int) -> Folder {
    monitor.withLock {
      if let folder = partitions[partition].folder { return folder }
      let cancellation = cancellation
      let context = FoldContext(pool: pool, tableSeed: tableSeed) {
        if cancellation.isCancelled { throw InlineRunner.interrupted }
      }
      let folder = stage.kernel.makeFolder(context)
      partitions[partition].folder = folder
      return folder
    }
  }

  /// All splits are folded: each thread finishes partitions until there are none left.
  private func finishPartitions() throws {
    while true {
      let index = nextToFinish.add(1, ordering: .relaxed).oldValue
      guard index < partitionCount else { return }
      if monitor.withLock({ failure != nil }) || cancellation.isCancelled { return }
      let run = try locating(nil) { try folder(index).finish() }
      try pool.budget.check()
      progress.recordsOut.add(run.records, ordering: .relaxed)
      progress.bytesOut.add(run.bytes, ordering: .relaxed)
      monitor.withLock {
        runs[index] = run
        partitions[index].folder = nil
      }
    }
  }
}
