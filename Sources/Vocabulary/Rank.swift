// SPDX-License-Identifier: Apache-2.0

/// A member's place in its group, from 0: the index of its row in the state table.
@frozen @usableFromInline
package struct Rank: Hashable, Comparable, Sendable, CustomStringConvertible {
  @usableFromInline package let index: Int

  @inlinable package init(_ index: Int) {
    precondition(index >= 0 && index < Limits.members, "a rank is below \(Limits.members)")
    self.index = index
  }

  @inlinable package static func < (a: Rank, b: Rank) -> Bool { a.index < b.index }

  @usableFromInline package var description: String { "rank \(index)" }
}

/// A set of ranks in one machine word, which is why a group has at most 64 members.
@frozen @usableFromInline
package struct RankSet: Hashable, Sendable, CustomStringConvertible {
  @usableFromInline package private(set) var bits: UInt64

  @inlinable package init() { bits = 0 }
  @inlinable package init(bits: UInt64) { self.bits = bits }

  /// Ranks 0 to `count - 1`.
  package init(first count: Int) {
    precondition(count >= 0 && count <= Limits.members, "a set of at most \(Limits.members) ranks")
    bits = count == 64 ? .max : 1 << UInt64(count) &- 1
  }

  package init(_ ranks: some Sequence<Rank>) {
    self.init()
    for rank in ranks { insert(rank) }
  }

  @inlinable package var isEmpty: Bool { bits == 0 }
  @inlinable package var count: Int { bits.nonzeroBitCount }
  /// The lowest rank in the set.
  @inlinable package var first: Rank? { bits == 0 ? nil : Rank(bits.trailingZeroBitCount) }

  @inlinable package func contains(_ rank: Rank) -> Bool { bits >> UInt64(rank.index) & 1 == 1 }

  package mutating func insert(_ rank: Rank) { bits |= 1 << UInt64(rank.index) }
  package mutating func remove(_ rank: Rank) { bits &= ~(1 << UInt64(rank.index)) }

  package func removing(_ rank: Rank) -> RankSet {
    var rest = self
    rest.remove(rank)
    return rest
  }

  @inlinable package func union(_ other: RankSet) -> RankSet { RankSet(bits: bits | other.bits) }
  @inlinable package func intersection(_ other: RankSet) -> RankSet {
    RankSet(bits: bits & other.bits)
  }
  @inlinable package func subtracting(_ other: RankSet) -> RankSet {
    RankSet(bits: bits & ~other.bits)
  }

  @usableFromInline package var description: String {
    "{" + map { String($0.index) }.joined(separator: ", ") + "}"
  }
}

extension RankSet: Sequence {
  /// Walks over the ranks, lowest first.
  @frozen @usableFromInline package struct Iterator: IteratorProtocol {
    @usableFromInline var bits: UInt64
    @inlinable init(_ bits: UInt64) { self.bits = bits }

    @inlinable package mutating func next() -> Rank? {
      guard bits != 0 else { return nil }
      defer { bits &= bits &- 1 }
      return Rank(bits.trailingZeroBitCount)
    }
  }

  @inlinable package func makeIterator() -> Iterator { Iterator(bits) }
}
