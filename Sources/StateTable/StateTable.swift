// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import Vocabulary

/// The shared state table (SST): a row for each member, which its owner alone writes, and copies of
/// it everywhere.
///
/// Every cell is monotone, so a stale value is a true statement about the past, and the minimum of
/// a column over some rows, its *frontier*, is a lower bound for ever. All agreement in a group is
/// waiting for a frontier. (The idea and the name are those of Derecho: Jha et al., TOCS 36(2),
/// 2019, section 3.)
package struct StateTable: Sendable {
  package let schema: TableSchema
  package let rank: Rank
  /// Bytes from the start of a segment to its row.
  package let rowOffset: Int
  // Kept for their memory, which `views` looks at.
  private let segments: [Segment]

  /// The members' segments, by rank; valid for as long as the table is kept.
  package let views: [SegmentView]

  /// The table that lies in `segments` (by rank), seen by `rank`.
  package init(schema: TableSchema, rank: Rank, segments: [Segment], rowOffset: Int) {
    schema.check()
    precondition(rowOffset % Limits.lineBytes == 0, "a row begins on a line")
    for segment in segments {
      precondition(rowOffset + schema.rowBytes <= segment.byteCount, "a segment holds its row")
    }
    self.schema = schema
    self.rank = rank
    self.segments = segments
    views = segments.map(\.view)
    self.rowOffset = rowOffset
  }

  /// One cell of one row, now.
  @inline(__always)
  package func read(_ column: Column, _ index: Int = 0, of row: Rank) -> UInt64 {
    precondition(index >= 0 && index < column.count, "no such cell")
    return views[row.index].load(rowOffset &+ column.offset &+ 8 &* index)
  }

  /// The least value of a cell over the rows of `ranks`; `UInt64.max` over no rows. O(ranks).
  package func frontier(_ column: Column, _ index: Int = 0, over ranks: RankSet) -> UInt64 {
    var least = UInt64.max
    for row in ranks { least = min(least, read(column, index, of: row)) }
    return least
  }

  /// The ranks among `ranks` whose cell is below `value`: whom a wait waits for.
  package func behind(
    _ column: Column, _ index: Int = 0, over ranks: RankSet, value: UInt64
  ) -> RankSet {
    RankSet(ranks.filter { read(column, index, of: $0) < value })
  }

  /// Writes a cell of the own row that may fall, and asks for its push. It says nothing by itself:
  /// a cell that is raised later publishes it, and it stays as it is for as long as others may read
  /// it.
  package func set(
    _ column: Column, _ index: Int = 0, to value: UInt64, telling targets: RankSet,
    into pushes: inout Pushes
  ) {
    guard read(column, index, of: rank) != value else { return }
    store(value, column, index, targets, &pushes)
  }

  /// Raises a cell of the own row and asks for its push. A cell that stays as it is, is not pushed.
  ///
  /// The new value is visible to peers that share memory at once, so payload is written before.
  package func advance(
    _ column: Column, _ index: Int = 0, to value: UInt64, telling targets: RankSet,
    into pushes: inout Pushes
  ) {
    let old = read(column, index, of: rank)
    precondition(value >= old, "\(column.name) would fall from \(old) to \(value)")
    guard value > old else { return }
    store(value, column, index, targets, &pushes)
  }

  private func store(
    _ value: UInt64, _ column: Column, _ index: Int, _ targets: RankSet, _ pushes: inout Pushes
  ) {
    let offset = rowOffset &+ column.offset &+ 8 &* index
    views[rank.index].store(value, at: offset)
    pushes.append(
      Push(
        owner: rank, offset: offset, byteCount: 8, kind: .cells, targets: targets.removing(rank)))
  }
}
