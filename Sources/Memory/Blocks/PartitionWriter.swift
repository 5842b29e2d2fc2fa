// SPDX-License-Identifier: Apache-2.0
public import CSystem
import Vocabulary

/// Appends records to one open block for each partition; full blocks gather until they are taken.
@safe
@usableFromInline package final class PartitionWriter {
  // Safe because every open block is held by `open`, and a frame is written where it fits.
  @unsafe @usableFromInline struct Cursor {
    @usableFromInline var next: UnsafeMutableRawPointer?
    @usableFromInline var room: Int
    @usableFromInline var records: Int
  }

  @usableFromInline let cursors: UnsafeMutablePointer<Cursor>
  @usableFromInline package let partitions: Int
  private var open: [Block?]
  private var full: [[Block]]
  private let pool: any BlockSupply
  /// The bytes of a record for which there was no block: it, and what came behind it, is lost.
  package private(set) var refusedBytes: Int?
  /// Records appended since the last `takeBlocks`.
  package private(set) var records = 0

  @usableFromInline package init(partitions: Int, pool: any BlockSupply) {
    self.partitions = partitions
    self.pool = pool
    unsafe cursors = .allocate(capacity: partitions)
    unsafe cursors.initialize(
      repeating: Cursor(next: nil, room: 0, records: 0), count: partitions)
    open = Array(repeating: nil, count: partitions)
    full = Array(repeating: [], count: partitions)
  }

  deinit { unsafe cursors.deallocate() }

  @inlinable @inline(__always)
  package func append(key: Bytes, value: Bytes, partition: Int) {
    precondition(partition >= 0 && partition < partitions, "no such partition")
    let size = Frame.size(keyCount: key.count, valueCount: value.count)
    if unsafe cursors[partition].room < size { replaceBlock(partition, fitting: size) }
    guard let target = unsafe cursors[partition].next else { return }
    // So many places are written to in turn that nobody else sees which lines come next.
    unsafe mapred_prefetch(target + 128)
    let written = unsafe Frame.write(target, key: key, value: value)
    unsafe cursors[partition].next = unsafe target + written
    unsafe cursors[partition].room &-= written
    unsafe cursors[partition].records &+= 1
  }

  @usableFromInline func replaceBlock(_ partition: Int, fitting size: Int) {
    closeBlock(partition)
    guard refusedBytes == nil else { return }
    guard let block = pool.block(for: size) else {
      refusedBytes = size
      return
    }
    open[partition] = block
    unsafe cursors[partition] = unsafe Cursor(
      next: block.base, room: block.capacity, records: 0)
  }

  private func closeBlock(_ partition: Int) {
    guard let block = open[partition] else { return }
    let cursor = unsafe cursors[partition]
    let room = unsafe cursor.room
    block.seal(count: block.capacity - room, records: unsafe cursor.records)
    records += unsafe cursor.records
    if unsafe cursor.records > 0 { full[partition].append(pool.settled(block)) }
    open[partition] = nil
    unsafe cursors[partition] = unsafe Cursor(next: nil, room: 0, records: 0)
  }

  /// Hands over the blocks that are full, by partition and in the order of writing.
  package func takeFullBlocks() -> [[Block]] {
    let taken = full
    full = Array(repeating: [], count: partitions)
    return taken
  }

  /// Hands over all blocks, by partition and in the order of writing, and begins anew.
  @usableFromInline package func takeBlocks() -> [[Block]] {
    for partition in 0..<partitions { closeBlock(partition) }
    let taken = full
    full = Array(repeating: [], count: partitions)
    records = 0
    return taken
  }
}
