// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

/// The reading side of a sender's ring of small messages: walks over entries, and trusts nothing
/// that a sender wrote.
struct RingReader {
  let segment: SegmentView
  private let base: Int
  private let mask: UInt64
  private(set) var position: UInt64 = 0

  init(segment: SegmentView, base: Int, bytes: Int) {
    self.segment = segment
    self.base = base
    mask = UInt64(bytes - 1)
  }

  /// The offset of the entry at the position.
  @inline(__always) var place: Int { base &+ Int(position & mask) }

  /// The next entry before `tail` that is not a skip, without passing it. nil where there is none;
  /// throws where the bytes are not an entry that ends within the ring and before the tail.
  @inline(__always)
  mutating func next(before tail: UInt64) throws(RingDamage) -> RingEntry? {
    guard tail &- position <= mask &+ 1 else { throw RingDamage() }
    while position < tail {
      guard let entry = RingEntry(word: segment.word(place)) else { throw RingDamage() }
      let left = mask &+ 1 &- position & mask
      if case .skip = entry {
        position &+= left
        continue
      }
      let bytes = UInt64(entry.byteCount)
      guard bytes <= left, position &+ bytes <= tail else { throw RingDamage() }
      return entry
    }
    guard position == tail else { throw RingDamage() }
    return nil
  }

  /// Passes the entry that `next` returned.
  @inline(__always) mutating func pass(_ entry: RingEntry) { position &+= UInt64(entry.byteCount) }
}

/// A sender's ring says what no correct sender writes.
struct RingDamage: Error {}
