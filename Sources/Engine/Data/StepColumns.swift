// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Membership
import Multicast
import StateTable
import Vocabulary

/// The columns in which members tell of steps, by lane.
///
/// `mapped` and `sealed` count within a step; so that they never fall, the step's ordinal stands in
/// their high bits. `prepared` publishes the tallies, which stay as they are until the next step of
/// the lane is prepared: it begins only after this one was committed or given up.
package struct StepColumns: Sendable, Hashable {
  let slots: Column
  let mapped: Column
  let sealed: Column
  let prepared: Column
  /// By lane: what all splits came to, what went to scratch here, then records, bytes and digest of
  /// each partition.
  let tallies: [Column]

  static let inputCells = 5
  static let partitionCells = 3
  private static let countBits: UInt64 = 32

  init(in schema: inout TableSchema) {
    let lanes = schema.group("step.mapped", "step.sealed", "step.prepared", count: Limits.lanes)
    mapped = lanes[0]
    sealed = lanes[1]
    prepared = lanes[2]
    slots = schema.group("step.slots")[0]
    tallies = (0..<Limits.lanes).map { lane in
      let cells = Self.inputCells + Self.partitionCells * Limits.partitions
      return schema.group("lane\(lane).tally", count: cells)[0]
    }
  }

  static func counted(_ ordinal: UInt64, _ count: Int) -> UInt64 {
    ordinal << countBits | UInt64(count)
  }

  /// The count, where it is of this step; 0 while it is of an earlier one.
  static func count(_ cell: UInt64, of ordinal: UInt64) -> Int {
    cell >> countBits == ordinal ? Int(cell & (1 << countBits - 1)) : 0
  }
}

extension StepColumns {
  /// Tells what this member has to tell. What has not changed is not pushed.
  func publish(_ cells: [LaneCells], slots count: Int, to member: inout GroupMember) {
    member.advance(slots, to: UInt64(count))
    for (lane, cells) in cells.enumerated() {
      member.advance(mapped, lane, to: Self.counted(cells.ordinal, cells.mapped))
      member.advance(sealed, lane, to: Self.counted(cells.ordinal, cells.sealed))
      guard cells.prepared > member.table.read(prepared, lane, of: member.rank) else { continue }
      let input = [
        cells.input.recordsRead, cells.input.bytesRead, cells.input.recordsShuffled,
        cells.input.bytesShuffled, cells.spilledBytes,
      ]
      for (place, number) in input.enumerated() {
        member.set(tallies[lane], place, to: UInt64(number))
      }
      for (partition, tally) in cells.tallies.enumerated() {
        let place = Self.inputCells + Self.partitionCells * partition
        member.set(tallies[lane], place, to: UInt64(tally.records))
        member.set(tallies[lane], place + 1, to: UInt64(tally.bytes))
        member.set(tallies[lane], place + 2, to: tally.digest)
      }
      // Behind what it publishes: pushes become visible in order. (guard: prepare.told)
      member.advance(prepared, lane, to: cells.prepared)
    }
  }
}

/// The state table of a view, as schedulers read it.
struct StepRows: StepTable {
  let columns: StepColumns
  let table: StateTable
  let view: View

  private func read(_ column: Column, _ index: Int, _ node: NodeID) -> UInt64 {
    guard let rank = view.rank(of: node) else { return 0 }
    return table.read(column, index, of: rank)
  }

  func slots(of node: NodeID) -> Int { Int(read(columns.slots, 0, node)) }

  func mapped(_ lane: Int, ordinal: UInt64, of node: NodeID) -> Int {
    StepColumns.count(read(columns.mapped, lane, node), of: ordinal)
  }

  func prepared(_ lane: Int, of node: NodeID) -> UInt64 { read(columns.prepared, lane, node) }

  func tally(_ lane: Int, partition: Int, of node: NodeID) -> RunTally {
    let place = StepColumns.inputCells + StepColumns.partitionCells * partition
    var tally = RunTally()
    tally.records = Int(truncatingIfNeeded: read(columns.tallies[lane], place, node))
    tally.bytes = Int(truncatingIfNeeded: read(columns.tallies[lane], place + 1, node))
    tally.digest = read(columns.tallies[lane], place + 2, node)
    return tally
  }

  func input(_ lane: Int, of node: NodeID) -> SplitTally {
    var tally = SplitTally()
    func cell(_ place: Int) -> Int {
      Int(truncatingIfNeeded: read(columns.tallies[lane], place, node))
    }
    tally.recordsRead = cell(0)
    tally.bytesRead = cell(1)
    tally.recordsShuffled = cell(2)
    tally.bytesShuffled = cell(3)
    return tally
  }

  func spilledBytes(_ lane: Int, of node: NodeID) -> Int {
    Int(truncatingIfNeeded: read(columns.tallies[lane], 4, node))
  }
}
