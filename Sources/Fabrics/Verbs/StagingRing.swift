// SPDX-License-Identifier: Apache-2.0

/// Places in memory that is used in a circle: taken at one end, given back in the same order.
package struct StagingRing: Sendable {
  package let capacity: Int
  /// Bytes that were ever taken, with what was left over at the end of each round.
  package private(set) var taken: UInt64 = 0
  private var released: UInt64 = 0

  /// `capacity` is a power of two.
  package init(capacity: Int) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring of a power of two")
    self.capacity = capacity
  }

  package var inUse: Int { Int(taken - released) }

  /// Where `count` bytes in one piece are free, aligned to 8, or nil.
  package mutating func take(_ count: Int) -> Int? {
    let rounded = (count + 7) & ~7
    // A piece of at most half of the ring finds room when the ring is empty, wherever it stands.
    precondition(count > 0 && rounded <= capacity / 2, "a piece fits in the ring")
    var place = Int(taken & UInt64(capacity - 1))
    var skipped = 0
    if place + rounded > capacity {
      skipped = capacity - place
      place = 0
    }
    guard inUse + skipped + rounded <= capacity else { return nil }
    taken += UInt64(skipped + rounded)
    return place
  }

  /// Gives back all that was taken until `taken` was `mark`.
  package mutating func release(through mark: UInt64) {
    precondition(mark >= released && mark <= taken, "what was taken is given back")
    released = mark
  }
}
