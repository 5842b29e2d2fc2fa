// SPDX-License-Identifier: Apache-2.0
import Testing
import Vocabulary

@testable import Membership

@Suite struct TrimTests {
  private static func view(_ receivers: [[Int]], members: Int) -> View {
    View(
      cluster: NodeID(high: 1, low: 1), number: 4,
      members: (0..<members).map { HandDriven.record($0) }, rules: LayoutRules(),
      subgroups: receivers.enumerated().map { index, ranks in
        let set = RankSet(ranks.map { Rank($0) })
        return SubgroupAssignment(
          role: index == 0 ? .coordinator : .shard(index - 1), senders: Array(set),
          receivers: set, holders: set, bornIn: 1)
      })
  }

  private static func report(_ received: [UInt64]) -> Report {
    Report(
      view: 4, ballot: Ballot(attempt: 1, leader: Rank(0)),
      columns: FinalColumns(received: received, holds: received.map { _ in true }),
      suspects: RankSet(), unmet: RankSet(), isLeaving: false, echoed: nil)
  }

  @Test("A trim is what all receivers have that go on")
  func minimum() {
    let view = Self.view([[0, 1, 2], [1, 2]], members: 4)
    let reports = [[9, 0], [7, 5], [8, 6], [0, 0]].map { Self.report($0) }
    let all = RaggedTrim.trims(view, RankSet(first: 4), reports)
    #expect(all == [7, 5])
    let some = RaggedTrim.trims(view, RankSet([Rank(0), Rank(2), Rank(3)]), reports)
    #expect(some == [8, 6])
  }

  @Test("Where no receiver goes on, nothing is delivered")
  func nobody() {
    let view = Self.view([[0, 1], [2]], members: 3)
    let reports = [Self.report([4, 4]), Self.report([4, 4]), nil]
    #expect(RaggedTrim.trims(view, RankSet([Rank(0), Rank(1)]), reports) == [4, 0])
  }

  @Test("Ballots are ordered by their attempt, then by their leader")
  func ballots() {
    let ballots = [(1, 0), (1, 1), (1, 7), (2, 0), (3, 2)].map {
      Ballot(attempt: UInt32($0.0), leader: Rank($0.1))
    }
    for (lower, higher) in zip(ballots, ballots.dropFirst()) {
      #expect(lower < higher)
      #expect(!(higher < lower))
    }
    #expect(ballots.allSatisfy { Ballot.none < $0 })
  }
}
