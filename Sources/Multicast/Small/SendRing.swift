// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

/// The writing side of a sender's rings: puts entries one behind the other, and takes the space of
/// those back that all receivers have delivered.
///
/// Positions count bytes from the beginning of time; a byte's place is its position modulo the
/// ring's size.
struct SendRing {
  /// An entry that is under way: what is free again once its message is delivered everywhere.
  private struct Outstanding {
    /// Messages of this sender up to and with this entry.
    var count: UInt64
    var position: UInt64
    var blockPosition: UInt64
  }

  private let segment: SegmentView
  private let base: Int
  private let mask: UInt64
  private let blockBase: Int
  private let blockBytes: UInt64
  /// Where the next entry goes.
  private(set) var position: UInt64 = 0
  private var freed: UInt64 = 0
  private var blockPosition: UInt64 = 0
  private var blockFreed: UInt64 = 0
  /// Messages that were put into the ring, skipped turns included.
  private(set) var count: UInt64 = 0
  private var outstanding = FIFO<Outstanding>()

  init(segment: SegmentView, base: Int, bytes: Int, blockBase: Int, blockBytes: Int) {
    self.segment = segment
    self.base = base
    mask = UInt64(bytes - 1)
    self.blockBase = blockBase
    self.blockBytes = UInt64(blockBytes)
  }

  private func place(_ position: UInt64) -> Int { base &+ Int(position & mask) }

  /// Makes room for an entry that may not run over the ring's end; false where there is none yet.
  private mutating func makeRoom(_ bytes: Int) -> Bool {
    let size = mask + 1
    let left = size - position & mask
    let needed = UInt64(bytes) > left ? left + UInt64(bytes) : UInt64(bytes)
    guard position + needed - freed <= size else { return false }
    if UInt64(bytes) > left {
      segment.writeWord(RingEntry.skip.word, at: place(position))
      position += left
    }
    return true
  }

  /// The place for a message of `count` bytes; nil while the ring is full.
  mutating func reserve(_ count: Int) -> Int? {
    makeRoom(RingEntry.message(count).byteCount) ? place(position) + 8 : nil
  }

  /// Makes the message at the reserved place the sender's next one.
  mutating func commit(_ count: Int) { append(.message(count), messages: 1) }

  /// The place for a message of `count` bytes in the ring of blocks; nil while that is full, or
  /// there is no room for its entry.
  mutating func reserveBlocks(_ count: Int) -> Int? {
    guard blockBytes > 0, makeRoom(RingEntry.blocks(count).byteCount) else { return nil }
    // Where nothing is under way, a message may begin at the ring's start: no gap is left.
    if outstanding.isEmpty || blockFreed == blockPosition { restartBlocks() }
    let bytes = Self.blockSpace(count)
    let left = blockBytes - blockPosition % blockBytes
    let needed = bytes > left ? left + bytes : bytes
    guard bytes <= blockBytes, blockPosition + needed - blockFreed <= blockBytes else {
      return nil
    }
    if bytes > left { blockPosition += left }
    return blockBase + Int(blockPosition % blockBytes)
  }

  /// Bytes that a large message takes up: whole cache lines.
  private static func blockSpace(_ count: Int) -> UInt64 {
    UInt64((count + Limits.blockAlignment - 1) / Limits.blockAlignment * Limits.blockAlignment)
  }

  private mutating func restartBlocks() {
    blockPosition += (blockBytes - blockPosition % blockBytes) % blockBytes
    blockFreed = blockPosition
  }

  /// Makes the message at the reserved place in the ring of blocks the sender's next one.
  mutating func commitBlocks(_ count: Int) {
    segment.writeWord(blockPosition % blockBytes, at: place(position) + 8)
    blockPosition += Self.blockSpace(count)
    append(.blocks(count), messages: 1)
  }

  /// Skips turns; false where there is no room yet.
  mutating func skipTurns(_ turns: Int) -> Bool {
    guard makeRoom(8) else { return false }
    append(.nulls(turns), messages: turns)
    return true
  }

  private mutating func append(_ entry: RingEntry, messages: Int) {
    segment.writeWord(entry.word, at: place(position))
    position += UInt64(entry.byteCount)
    count += UInt64(messages)
    outstanding.append(
      Outstanding(count: count, position: position, blockPosition: blockPosition))
  }

  /// Takes back the space of the first `delivered` messages.
  mutating func free(_ delivered: UInt64) {
    while let first = outstanding.first, first.count <= delivered {
      freed = first.position
      blockFreed = first.blockPosition
      outstanding.removeFirst()
    }
  }

  /// Asks for the push of everything from `start` to the position: one range, or two around the
  /// ring's end.
  func push(from start: UInt64, owner: Rank, to targets: RankSet, into pushes: inout Pushes) {
    var start = start
    while start < position {
      let end = min(position, (start | mask) + 1)
      pushes.append(
        Push(
          owner: owner, offset: place(start), byteCount: Int(end - start), kind: .payload,
          targets: targets))
      start = end
    }
  }
}
