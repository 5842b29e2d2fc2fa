// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct ShelfTests {
  private let step = StepID(4)

  private func piece(
    _ index: Int, of count: Int, _ partition: Int = 2, step: UInt64 = 4
  ) -> RunPiece {
    RunPiece(
      step: StepID(step), partition: partition, index: index, count: count,
      tally: Samples.runTally(records: count, bytes: 5))
  }

  @Test("A run is there once all its pieces have come, in order")
  func inOrder() {
    var shelf = Shelf()
    shelf.take(piece(0, of: 2), Samples.block("a"))
    #expect(shelf.run(step, 2)?.tally == nil)
    #expect(shelf.bytes == 0)
    shelf.take(piece(1, of: 2), Samples.block("b"))
    #expect(shelf.run(step, 2)?.blocks.map(Samples.text) == ["a", "b"])
    #expect(shelf.run(step, 2)?.tally.records == 2)
    #expect(shelf.run(step, 1)?.tally == nil)
    #expect(shelf.bytes == 5)
  }

  @Test("A piece out of order leaves nothing, and one that comes twice is not taken twice")
  func outOfOrder() {
    var shelf = Shelf()
    shelf.take(piece(1, of: 2), Samples.block("b"))
    #expect(shelf.run(step, 2)?.tally == nil)
    shelf.take(piece(0, of: 3), Samples.block("a"))
    shelf.take(piece(2, of: 3), Samples.block("c"))
    #expect(shelf.run(step, 2)?.tally == nil)
    shelf.take(piece(1, of: 3), Samples.block("b"))
    shelf.take(piece(1, of: 3), Samples.block("b"))
    shelf.take(piece(2, of: 3), Samples.block("c"))
    #expect(shelf.run(step, 2)?.blocks.map(Samples.text) == ["a", "b", "c"])
    shelf.take(piece(0, of: 1), Samples.block("other"))
    #expect(shelf.run(step, 2)?.blocks.count == 3)
  }

  @Test("A sender that begins anew replaces what another had begun")
  func anew() {
    var shelf = Shelf()
    shelf.take(piece(0, of: 2), Samples.block("dead"))
    shelf.take(piece(0, of: 2), Samples.block("a"))
    shelf.take(piece(1, of: 2), Samples.block("b"))
    #expect(shelf.run(step, 2)?.blocks.map(Samples.text) == ["a", "b"])
  }

  @Test("A run without records is one piece without a block")
  func empty() {
    var shelf = Shelf()
    shelf.take(piece(0, of: 0), nil)
    #expect(shelf.run(step, 2)?.blocks.isEmpty == true)
  }

  @Test("A partition that cannot be is ignored")
  func beyond() {
    var shelf = Shelf()
    shelf.take(piece(0, of: 1, Limits.partitions), Samples.block("a"))
    #expect(shelf.held == [])
    #expect(shelf.run(step, Limits.partitions)?.tally == nil)
  }

  @Test("Steps are held in ascending order, and only those that are kept")
  func keep() {
    var shelf = Shelf()
    for number: UInt64 in [4, 9, 2] {
      shelf.take(piece(0, of: 1, 0, step: number), Samples.block("a"))
    }
    shelf.take(piece(0, of: 2, 1, step: 9), Samples.block("a"))
    #expect(shelf.held == [StepID(2), StepID(4), StepID(9)])
    shelf.keep { $0 == StepID(4) }
    #expect(shelf.held == [StepID(4)])
    #expect(shelf.run(StepID(9), 0)?.tally == nil && shelf.run(step, 0)?.tally != nil)
    // What had begun to come is gone too.
    shelf.take(piece(1, of: 2, 1, step: 9), Samples.block("b"))
    #expect(shelf.run(StepID(9), 1)?.tally == nil)
  }

  @Test("A shard is held where all its partitions are, and no others are asked for")
  func holds() {
    var shelf = Shelf()
    let map = ShardMap(shards: 3)
    for partition in [1, 4] {
      shelf.take(piece(0, of: 1, partition), Samples.block("a"))
    }
    let runs = ShardRuns(step: step, shard: 1)
    #expect(shelf.holds(runs, map, partitions: 7))
    #expect(!shelf.holds(runs, map, partitions: 8))
    #expect(!shelf.holds(ShardRuns(step: step, shard: 0), map, partitions: 7))
    #expect(shelf.holds(ShardRuns(step: step, shard: 2), map, partitions: 1))
  }
}
