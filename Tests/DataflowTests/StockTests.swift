// SPDX-License-Identifier: Apache-2.0
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct StockTests {
  private let view = Samples.view(1, [1, 2, 3], [[1, 2], [2, 3]])
  private let live = [
    LiveStep(step: StepID(5), partitions: 4), LiveStep(step: StepID(6), partitions: 1),
  ]

  private func runs(_ step: UInt64, _ shard: Int) -> ShardRuns {
    ShardRuns(step: StepID(step), shard: shard)
  }

  @Test("A list is told once, and again only where it changes")
  func follow() {
    var stock = Stock(view)
    #expect(stock.follow([]) == .live(1, []))
    #expect(stock.follow([]) == nil)
    #expect(stock.follow(live) == .live(2, live))
    #expect(stock.follow(live) == nil)
  }

  @Test("What no receiver of a shard has is lost, once, and not before all have answered")
  func lost() {
    var stock = Stock(view)
    _ = stock.follow(live)
    stock.take(1, [runs(5, 0)], from: Samples.node(1))
    stock.take(1, [runs(5, 0), runs(6, 0)], from: Samples.node(2))
    #expect(!stock.isKnown)
    #expect(stock.takeLost() == [])
    stock.take(1, [runs(5, 1)], from: Samples.node(3))
    #expect(stock.isKnown)
    // Member 2 has shard 1 of step 5, member 1 the only partition of step 6.
    #expect(stock.takeLost() == [runs(5, 0)])
    #expect(stock.takeLost() == [])
    #expect(!stock.holds(0, runs(5, 0)) && !stock.holds(1, runs(5, 0)))
    #expect(stock.holds(1, runs(5, 1)) && !stock.holds(2, runs(5, 1)))
    #expect(stock.holds(0, runs(6, 0)) && !stock.holds(1, runs(6, 0)))
    // A member that does not receive a shard has nothing of it.
    #expect(!stock.holds(0, runs(5, 1)))
    // Who has got what it lacked says so.
    stock.take(1, [], from: Samples.node(2))
    #expect(stock.holds(1, runs(6, 0)) && stock.takeLost() == [])
  }

  @Test("A shard without partitions of a step cannot lose it")
  func few() {
    var stock = Stock(view)
    _ = stock.follow([live[1]])
    for node in [1, 2, 3] {
      stock.take(1, [runs(6, 1)], from: Samples.node(node))
    }
    #expect(stock.takeLost() == [])
  }

  @Test("Answers to an older list, and those of strangers, do not count")
  func older() {
    var stock = Stock(view)
    _ = stock.follow([])
    _ = stock.follow(live)
    for node in [1, 2, 3] { stock.take(1, [], from: Samples.node(node)) }
    #expect(!stock.isKnown)
    for node in [1, 2, 4] { stock.take(2, [], from: Samples.node(node)) }
    #expect(!stock.isKnown)
    stock.take(2, [], from: Samples.node(3))
    #expect(stock.isKnown)
  }
}
