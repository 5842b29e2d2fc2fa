// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct SupplyTests {
  private let view = Samples.view(1, [1, 2, 3], [[1, 2], [2, 3]])
  private let live = [LiveStep(step: StepID(5), partitions: 4)]

  private func runs(_ shard: Int) -> ShardRuns { ShardRuns(step: StepID(5), shard: shard) }

  /// What each member sends, where member n lacks `missing[n - 1]`.
  private func given(_ missing: [[ShardRuns]], order: [Int] = [1, 2, 3]) -> [[ShardRuns]] {
    [1, 2, 3].map { member in
      var supply = Supply()
      supply.follow(1, live)
      return order.flatMap { sender in
        supply.take(
          1, missing[sender - 1], from: Samples.node(sender), view, at: Samples.node(member))
      }
    }
  }

  @Test("The first receiver of a shard that has a run sends it, and nobody else")
  func giver() {
    #expect(given([[runs(0)], [], []]) == [[], [runs(0)], []])
    #expect(given([[], [runs(0), runs(1)], []]) == [[runs(0)], [], [runs(1)]])
    #expect(given([[], [], []]) == [[], [], []])
    #expect(
      given([[runs(0)], [], [runs(1)]], order: [3, 2, 1]) == [[], [runs(1), runs(0)], []])
  }

  @Test("What no receiver has, nobody sends")
  func nobody() {
    // Member 3 lacks nothing of shard 0, but is no receiver of it.
    #expect(given([[runs(0)], [runs(0)], []]) == [[], [], []])
    #expect(given([[], [runs(7)], []]) == [[], [], []])
  }

  @Test("Whoever lacks what, each run that somebody has is sent by exactly one member")
  func exactlyOne() {
    for seed in 1...200 {
      var random = RandomSource(seed)
      let lacks = view.receivers.map { receivers in
        receivers.filter { _ in random.number(0...1) == 1 }
      }
      let missing = view.members.map { member in
        lacks.indices.filter { lacks[$0].contains(member) }.map { runs($0) }
      }
      let sent = given(missing, order: [1, 2, 3].shuffled(using: &random)).flatMap { $0 }
      let wanted = lacks.indices.filter { shard in
        !lacks[shard].isEmpty && lacks[shard].count < view.receivers[shard].count
      }
      #expect(sent.map(\.shard).sorted() == wanted, "seed \(seed)")
    }
  }

  @Test("Who has got what it lacked says so, and is sent nothing more")
  func lateAnswer() {
    var supply = Supply()
    supply.follow(1, live)
    let giver = Samples.node(2)
    var sent: [[ShardRuns]] = []
    for (sender, missing) in [(1, [runs(0)]), (2, []), (3, []), (1, [])] {
      sent.append(
        supply.take(1, missing, from: Samples.node(sender), view, at: giver))
    }
    #expect(sent == [[], [], [runs(0)], []])
  }

  @Test("Answers to an older list are ignored, and nothing is sent before all have answered")
  func lists() {
    var supply = Supply()
    let one = Samples.node(1)
    supply.follow(1, live)
    #expect(supply.take(1, [], from: one, view, at: one) == [])
    supply.follow(2, live)
    #expect(supply.take(1, [runs(0)], from: Samples.node(2), view, at: one) == [])
    #expect(supply.take(2, [runs(0)], from: Samples.node(2), view, at: one) == [])
    #expect(supply.take(2, [], from: Samples.node(3), view, at: one) == [])
    #expect(supply.take(2, [], from: one, view, at: one) == [runs(0)])
    #expect(supply.partitions(of: StepID(5)) == 4)
    #expect(supply.partitions(of: StepID(6)) == nil)
    // Sent once in a view.
    supply.follow(3, live)
    for sender in [1, 2, 3] {
      let missing = sender == 2 ? [runs(0)] : []
      #expect(supply.take(3, missing, from: Samples.node(sender), view, at: one) == [])
    }
  }
}

@Suite struct CodeSupplyTests {
  private let view = Samples.view(1, [1, 2, 3], [[1]])
  private let code = Samples.code()

  private func outcome(_ having: Set<Int>, order: [Int], at member: Int) -> String {
    var supply = CodeSupply()
    supply.ask(code)
    var last = CodeSupply.Outcome.open
    for sender in order {
      last = supply.take(
        code, having.contains(sender), from: Samples.node(sender), view, at: Samples.node(member))
      // Said twice, it counts once.
      if sender != order.last {
        last = supply.take(code, true, from: Samples.node(sender), view, at: Samples.node(member))
      }
    }
    return "\(last)"
  }

  @Test("The first who has an executable spreads it; where nobody has it, it is lost")
  func giver() {
    let orders = [[1, 2, 3], [3, 2, 1], [2, 3, 1]]
    for having: Set<Int> in [[], [1], [2], [3], [1, 3], [2, 3], [1, 2, 3]] {
      for order in orders {
        for member in 1...3 {
          let expected =
            having.min().map { $0 == member ? "spread" : "comes" } ?? "lost"
          #expect(outcome(having, order: order, at: member) == expected, "\(having) \(order)")
        }
      }
    }
  }

  @Test("A round is over when all have answered, and another one can be asked for")
  func rounds() {
    var supply = CodeSupply()
    let one = Samples.node(1)
    #expect("\(supply.take(code, true, from: one, view, at: one))" == "open")
    supply.ask(code)
    supply.ask(code)
    #expect(supply.isOpen(code) && !supply.isOpen(Samples.code(2)))
    for sender in [2, 1] {
      #expect("\(supply.take(code, false, from: Samples.node(sender), view, at: one))" == "open")
    }
    #expect("\(supply.take(code, false, from: Samples.node(3), view, at: one))" == "lost")
    #expect(!supply.isOpen(code))
    supply.ask(code)
    #expect(supply.isOpen(code))
  }
}
