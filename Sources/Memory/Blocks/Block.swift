// SPDX-License-Identifier: Apache-2.0

/// Who gets a block's memory back when nobody needs the block any more.
package protocol BlockOwner: AnyObject, Sendable {
  /// Called once, by the thread that let go of the block.
  func takeBack(offset: Int, capacity: Int)
}

/// A run of frames: encoded records, one behind the other. Written once by one owner, then only
/// read; its memory goes back to where it came from with the last reference.
@safe
@usableFromInline package final class Block: @unchecked Sendable {
  // Safe because its home keeps the memory until the block is gone. Sendable because a block is
  // handed over when it is full and never written again.
  enum Home {
    /// Memory of its own, which the pool counts.
    case heap(BlockPool)
    case pool(BlockPool)
    /// A place in a file, which need not stay in memory.
    case scratch(ScratchArea, offset: Int)
    /// A place in a segment, which the block keeps, and who is told where the block is gone.
    case segment(Segment, offset: Int, any BlockOwner)
  }

  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline package let capacity: Int
  /// Bytes in use.
  @usableFromInline package private(set) var count = 0
  /// Records in it.
  @usableFromInline package private(set) var records = 0
  private let home: Home

  init(_ base: UnsafeMutableRawPointer, capacity: Int, home: Home) {
    unsafe self.base = unsafe base
    self.capacity = capacity
    self.home = home
  }

  /// A block in place. Only a segment that is writable may be written through it.
  package convenience init(
    in segment: Segment, offset: Int, capacity: Int, owner: any BlockOwner
  ) {
    segment.view.check(offset, capacity)
    unsafe self.init(
      segment.view.base + offset, capacity: capacity,
      home: .segment(segment, offset: offset, owner))
  }

  deinit {
    switch home {
    case .heap(let pool):
      unsafe base.deallocate()
      pool.budget.giveBack(capacity)
    case .pool(let pool): unsafe pool.giveBack(base)
    case .scratch(let area, let offset): unsafe area.giveBack(base, offset, capacity)
    case .segment(let segment, let offset, let owner):
      segment.letGo(offset, capacity)
      owner.takeBack(offset: offset, capacity: capacity)
    }
  }

  /// The frames, valid as long as the block.
  package var bytes: Bytes { unsafe Bytes(UnsafeRawPointer(base), count) }

  /// It is not needed soon: where it lies in a file, it need not stay in memory.
  @usableFromInline package func letGo() {
    switch home {
    case .scratch(let area, _): unsafe area.letGo(base, capacity)
    case .segment(let segment, let offset, _): segment.letGo(offset, capacity)
    case .heap, .pool: break
    }
  }

  /// Whether it lies in a file, and takes no memory of the process.
  package var isInFile: Bool {
    switch home {
    case .scratch: true
    case .segment(let segment, let offset, _): segment.isInFile(offset)
    case .heap, .pool: false
    }
  }

  /// Whether it is one of those that a pool hands out again and again.
  func isFrom(_ pool: BlockPool) -> Bool {
    if case .pool(let own) = home { own === pool } else { false }
  }

  /// The frame at an offset where one begins: no bounds are checked.
  @inline(__always) func frame(at offset: Int) -> Frame {
    unsafe Frame.read(UnsafeRawPointer(base) + offset)
  }

  /// Where the block begins in a segment; nil where it lies elsewhere.
  package func offset(in segment: Segment) -> Int? {
    guard case .segment(let own, let offset, _) = home, own === segment else { return nil }
    return offset
  }

  /// Fills an empty block with a copy of `bytes`, which hold `records` records.
  package func fill(_ bytes: Bytes, records: Int) {
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
