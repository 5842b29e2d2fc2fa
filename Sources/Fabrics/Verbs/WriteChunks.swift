// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Vocabulary

/// The writes that a push becomes, in order: each as long as one may be, cut between cells.
package struct WriteChunks: Sequence, IteratorProtocol, Sendable {
  private var offset: Int
  private let end: Int
  private let bytesMaximum: Int

  /// `bytesMaximum` is a multiple of 8.
  package init(offset: Int, byteCount: Int, bytesMaximum: Int) {
    precondition(bytesMaximum > 0 && bytesMaximum % 8 == 0, "cells stay in one piece")
    self.offset = offset
    end = offset + byteCount
    self.bytesMaximum = bytesMaximum
  }

  package mutating func next() -> Range<Int>? {
    guard offset < end else { return nil }
    let start = offset
    // Cuts lie on multiples of 8 even where the push begins between two.
    offset = Swift.min(end, (start & ~7) + bytesMaximum)
    return start..<offset
  }
}

/// Where the copy of each member's segment lies in one member's memory: one behind the other, at
/// the same places at all members, so that a peer needs one address and one key for all of them.
package struct CopyLayout: Sendable, Hashable {
  /// By rank.
  package let offsets: [Int]
  package let byteCount: Int

  package init(_ plan: GroupPlan) {
    var offsets: [Int] = []
    var end = 0
    for segment in plan.segments {
      offsets.append(end)
      end += segment.byteCount
    }
    self.offsets = offsets
    byteCount = end
  }

  /// Where an offset of a member's segment lies.
  package func place(_ owner: Rank, _ offset: Int) -> Int { offsets[owner.index] + offset }
}
