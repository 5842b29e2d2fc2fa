// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Some of a step's splits: mostly all below some number, and a few behind it.
package struct SplitSet: Hashable, Sendable {
  /// All splits below it are in.
  package private(set) var frontier = 0
  /// Those behind the frontier, in ascending order.
  private var others: [Int] = []

  package init() {}

  package init(first count: Int) { frontier = count }

  package var count: Int { frontier + others.count }

  package func contains(_ split: Int) -> Bool {
    split < frontier || others.contains(split)
  }

  /// Takes a split in; false where it is in already. O(splits behind the frontier).
  @discardableResult
  package mutating func insert(_ split: Int) -> Bool {
    guard !contains(split) else { return false }
    let place = others.firstIndex { $0 > split } ?? others.count
    others.insert(split, at: place)
    while others.first == frontier {
      others.removeFirst()
      frontier += 1
    }
    return true
  }

  /// The splits that are in both.
  package func intersection(_ other: SplitSet) -> SplitSet {
    var both = SplitSet(first: min(frontier, other.frontier))
    for split in others + other.others where split >= both.frontier {
      if contains(split), other.contains(split) { both.insert(split) }
    }
    let (low, high) = frontier < other.frontier ? (self, other) : (other, self)
    for split in low.frontier..<max(low.frontier, high.frontier) where low.contains(split) {
      both.insert(split)
    }
    return both
  }
}

extension ByteBuffer {
  package mutating func append(_ splits: SplitSet) {
    appendVarint(UInt64(splits.frontier))
    append(list: splits.behind) { $0.appendVarint(UInt64($1)) }
  }
}

extension SplitSet {
  fileprivate var behind: [Int] { others }
  fileprivate var last: Int { others.last ?? frontier }
}

extension ByteReader {
  package mutating func splitSet() throws(Damaged) -> SplitSet {
    var splits = SplitSet(first: try number())
    let behind = try list { reader throws(Damaged) in try reader.number() }
    for split in behind {
      // As they are written: in ascending order, and never so far that counting would overflow.
      guard split > splits.last, split < Int.max else { throw Damaged() }
      splits.insert(split)
    }
    return splits
  }
}
