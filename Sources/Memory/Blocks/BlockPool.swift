// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Vocabulary

/// Memory for blocks, cut from large slabs and used again: no page is touched twice for the first
/// time. Blocks are written and read front to back, so that small pages serve them as well as huge
/// ones, which are dear where a hypervisor hands them out one by one.
@safe
@usableFromInline package final class BlockPool: BlockSupply, @unchecked Sendable {
  // Sendable because the lists are only touched while the mutex is held.
  private var free: [UnsafeMutableRawPointer] = unsafe []
  private var slabs: [UnsafeMutableRawPointer] = unsafe []
  private let mutex = Mutex(())
  /// What it may hold; blocks beyond that lie in a file.
  @usableFromInline package let budget: MemoryBudget

  package init(_ budget: MemoryBudget = .unlimited) { self.budget = budget }

  deinit {
    while let slab = unsafe slabs.popLast() {
      unsafe munmap(slab, Limits.slabBytes)
    }
  }

  /// An empty block; where `bytes` is more than a block holds, a larger one made for it alone.
  package func block() -> Block { newBlock(for: 0) }

  @usableFromInline package func block(for bytes: Int) -> Block? { newBlock(for: bytes) }

  func newBlock(for bytes: Int) -> Block {
    if bytes > Limits.blockBytes {
      budget.take(bytes)
      return unsafe Block(
        .allocate(byteCount: bytes, alignment: 64), capacity: bytes, home: .heap(self))
    }
    budget.take(Limits.blockBytes)
    let memory = unsafe mutex.withLock { _ in
      if unsafe free.isEmpty { addSlab() }
      return unsafe free.removeLast()
    }
    return unsafe Block(memory, capacity: Limits.blockBytes, home: .pool(self))
  }

  /// The same records where they can stay: out of memory, where that is short. Where the file
  /// cannot grow, they stay in memory nevertheless: whoever runs the job looks.
  ///
  /// A few records are moved to memory of their own, so that small splits of many partitions take
  /// no more than they need, and the next block to be written is one that is in the cache.
  @usableFromInline package func settled(_ block: Block) -> Block {
    if budget.isTight, !block.isInFile, let kept = budget.scratch?.block(copying: block) {
      return kept
    }
    guard block.count <= Limits.fewBytes, block.isFrom(self) else { return block }
    budget.take(block.count)
    let kept = unsafe Block(
      .allocate(byteCount: block.count, alignment: 16), capacity: block.count, home: .heap(self))
    kept.fill(block.bytes, records: block.records)
    return kept
  }

  func giveBack(_ memory: UnsafeMutableRawPointer) {
    budget.giveBack(Limits.blockBytes)
    mutex.withLock { _ in unsafe free.append(memory) }
  }

  private func addSlab() {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let memory = unsafe mmap(nil, Limits.slabBytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let slab = unsafe memory, unsafe slab != MAP_FAILED else {
      fatalError("out of memory: \(Limits.slabBytes) bytes for blocks")
    }
    unsafe slabs.append(slab)
    for offset in stride(from: 0, to: Limits.slabBytes, by: Limits.blockBytes).reversed() {
      unsafe free.append(slab + offset)
    }
  }
}
