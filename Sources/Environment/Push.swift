// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// A range of a segment that shall become visible at the same place of the targets' copies.
package struct Push: Sendable, Hashable {
  /// Whose segment.
  package let owner: Rank
  package let offset: Int
  package internal(set) var byteCount: Int
  package let kind: RegionKind
  package let targets: RankSet

  package init(owner: Rank, offset: Int, byteCount: Int, kind: RegionKind, targets: RankSet) {
    self.owner = owner
    self.offset = offset
    self.byteCount = byteCount
    self.kind = kind
    self.targets = targets
  }

  package var end: Int { offset + byteCount }
}

/// What one turn of a member's cores wants pushed, in the order in which it must become visible:
/// payload first, then the cells that publish it. Cleared and used again, so a turn allocates
/// nothing.
///
/// It holds places, not values: a cell is carried with the value that it has when the list is
/// posted. So a counter must not count what stands behind it in the list.
package struct Pushes: ~Copyable {
  package private(set) var list: [Push] = []
  /// All targets of the list together: whom a fabric over shared memory has to wake.
  package private(set) var targets = RankSet()

  package init() { list.reserveCapacity(64) }

  package var isEmpty: Bool { list.isEmpty }

  /// Appends a push. Where it only extends the one before it, or repeats it, that one grows.
  package mutating func append(_ push: Push) {
    guard push.byteCount > 0, !push.targets.isEmpty else { return }
    targets = targets.union(push.targets)
    if let last = list.last, last.owner == push.owner, last.kind == push.kind,
      last.targets == push.targets, push.offset >= last.offset, push.offset <= last.end
    {
      list[list.count - 1].byteCount = max(last.byteCount, push.end - last.offset)
      return
    }
    list.append(push)
  }

  package mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    targets = RankSet()
  }
}
