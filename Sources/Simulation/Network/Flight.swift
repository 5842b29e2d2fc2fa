// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory

/// A push on its way from one member to another.
///
/// It lands in pieces, in any order, as the contract allows: cells one by one, with the values that
/// they had when they were posted; payload in ranges that are read from the pusher's memory when
/// they land, not before, so that whoever touches it too early is found out.
struct Flight {
  let push: Push
  private let cells: [UInt64]
  private var pieces: [Range<Int>]

  init(_ push: Push, from segment: Segment, _ random: inout SeededRandom) {
    self.push = push
    switch push.kind {
    case .cells:
      cells = (0..<push.byteCount / 8).map { segment.load(push.offset + 8 * $0) }
      pieces = random.mixed(cells.indices.map { 8 * $0..<8 * $0 + 8 })
    case .payload:
      cells = []
      pieces = random.mixed(Self.cut(push.byteCount, &random))
    }
  }

  /// Cuts a range at up to three random places.
  private static func cut(_ count: Int, _ random: inout SeededRandom) -> [Range<Int>] {
    var cuts = [0, count]
    for _ in 0..<random.below(4) { cuts.append(random.below(count + 1)) }
    cuts.sort()
    return zip(cuts, cuts.dropFirst()).map { $0..<$1 }.filter { !$0.isEmpty }
  }

  /// Lets the next piece land, or get lost where there is no target; true where it was the last.
  mutating func land(from source: Segment, to target: Segment?) -> Bool {
    if let piece = pieces.popLast(), let target {
      let offset = push.offset + piece.lowerBound
      switch push.kind {
      case .cells: target.store(cells[piece.lowerBound / 8], at: offset)
      case .payload: target.write(source.bytes(offset, piece.count), at: offset)
      }
    }
    return pieces.isEmpty
  }
}
