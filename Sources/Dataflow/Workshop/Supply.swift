// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// Brings runs to replicas that lack them.
///
/// All members see in one order who lacks what. Of the receivers of a shard that have said that
/// they lack nothing of a step, the first one sends it.
struct Supply: Sendable {
  /// The last list of needed steps.
  private(set) var number: UInt64 = 0
  private(set) var live: [LiveStep] = []
  /// Who has answered, with what each lacks.
  private var answers: [(node: NodeID, missing: [ShardRuns])] = []
  /// What this node has sent in this view.
  private var sent: [ShardRuns] = []

  mutating func follow(_ number: UInt64, _ live: [LiveStep]) {
    self.number = number
    self.live = live
    answers = []
  }

  /// Takes in an answer; returns the runs that `node` sends now.
  mutating func take(
    _ number: UInt64, _ missing: [ShardRuns], from sender: NodeID, _ view: ClusterView,
    at node: NodeID
  ) -> [ShardRuns] {
    guard number == self.number else { return [] }
    if let place = answers.firstIndex(where: { $0.node == sender }) {
      // It has got what it lacked.
      answers[place].missing = missing
      return []
    }
    answers.append((sender, missing))
    // Known only when all have answered: else two could believe to be the first, or none.
    guard answers.count == view.members.count else { return [] }
    var all: [ShardRuns] = []
    for answer in answers {
      for runs in answer.missing where !all.contains(runs) { all.append(runs) }
    }
    let mine = all.filter { runs in
      guard runs.shard < view.receivers.count, !sent.contains(runs) else { return false }
      let giver = view.receivers[runs.shard].first { candidate in
        answers.contains { $0.node == candidate && !$0.missing.contains(runs) }
      }
      return giver == node
    }
    sent += mine
    return mine
  }

  func partitions(of step: StepID) -> Int? { live.first { $0.step == step }?.partitions }
}
