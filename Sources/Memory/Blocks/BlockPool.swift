// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Vocabulary

/// Memory for blocks, cut from large slabs and used again: no page is touched twice for the first
/// time. Blocks are written and read front to back, so that small pages serve them as well as huge
/// ones, which are dear where a hypervisor hands them out one by one.
@safe
@usableFromInline package final class BlockPool: @unchecked Sendable {
  // Sendable because the lists are only touched while the mutex is held.
  private var free: [UnsafeMutableRawPointer] = unsafe []
  private var slabs: [UnsafeMutableRawPointer] = unsafe []
  private let mutex = Mutex(())

  package init() {}

  deinit {
    while let slab = unsafe slabs.popLast() {
      unsafe munmap(slab, Limits.slabBytes)
    }
  }

  /// An empty block; where `bytes` is more than a block holds, a larger one made for it alone.
  package func block(for bytes: Int = 0) -> Block {
    if bytes > Limits.blockBytes {
      return unsafe Block(
        .allocate(byteCount: bytes, alignment: 64), capacity: bytes, pool: nil)
    }
    let memory = unsafe mutex.withLock { _ in
      if unsafe free.isEmpty { addSlab() }
      return unsafe free.removeLast()
    }
    return unsafe Block(memory, capacity: Limits.blockBytes, pool: self)
  }

  fileprivate func giveBack(_ memory: UnsafeMutableRawPointer) {
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

/// A run of frames: encoded records, one behind the other. Written once by one owner, then only
/// read; its memory goes back to the pool with the last reference.
@safe
@usableFromInline package final class Block: @unchecked Sendable {
  // Sendable because a block is handed over when it is full and never written again.
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline package let capacity: Int
  /// Bytes in use.
  @usableFromInline package fileprivate(set) var count = 0
  /// Records in it.
  @usableFromInline package fileprivate(set) var records = 0
  private let pool: BlockPool?

  fileprivate init(_ base: UnsafeMutableRawPointer, capacity: Int, pool: BlockPool?) {
    unsafe self.base = unsafe base
    self.capacity = capacity
    self.pool = pool
  }

  deinit {
    if let pool {
      unsafe pool.giveBack(base)
    } else {
      unsafe base.deallocate()
    }
  }

  /// The frames, valid as long as the block.
  package var bytes: Bytes { unsafe Bytes(UnsafeRawPointer(base), count) }

  /// Fills an empty block with a copy of `bytes`, which hold `records` records.
  func fill(_ bytes: Bytes, records: Int) {
    precondition(count == 0 && bytes.count <= capacity, "the bytes fit into an empty block")
    unsafe copyBytes(base, bytes.base, bytes.count)
    seal(count: bytes.count, records: records)
  }

  /// Declares how much was written into the block.
  package func seal(count: Int, records: Int) {
    precondition(count <= capacity, "a block holds \(capacity) bytes, not \(count)")
    self.count = count
    self.records = records
  }
}
