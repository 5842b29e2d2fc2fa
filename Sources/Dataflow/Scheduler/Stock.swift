// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// Which runs are where: told by all receivers of shards whenever the list of needed steps changes.
/// What nobody has is lost.
package struct Stock: Sendable {
  private let view: ClusterView
  private var number: UInt64 = 0
  private var live: [LiveStep] = []
  /// By rank: what it lacks of the list; nil while it has not answered.
  private var missing: [[ShardRuns]?]
  /// Answers to the first list of the view have come from all.
  package private(set) var isKnown = false
  private var lost: [ShardRuns] = []

  init(_ view: ClusterView) {
    self.view = view
    missing = Array(repeating: nil, count: view.members.count)
  }

  /// The message that tells all members which steps are needed; nil where that has not changed.
  mutating func follow(_ steps: [LiveStep]) -> ControlMessage? {
    guard number == 0 || steps != live else { return nil }
    number += 1
    live = steps
    missing = Array(repeating: nil, count: view.members.count)
    return .live(number, steps)
  }

  mutating func take(_ number: UInt64, _ missing: [ShardRuns], from sender: NodeID) {
    guard number == self.number, let rank = view.members.firstIndex(of: sender) else { return }
    // Who has got what it lacked says so: that tells of no loss.
    let isFirst = self.missing[rank] == nil
    self.missing[rank] = missing
    guard isFirst, self.missing.allSatisfy({ $0 != nil }) else { return }
    isKnown = true
    for step in live {
      for shard in view.receivers.indices where shard < step.partitions {
        let runs = ShardRuns(step: step.step, shard: shard)
        let isThere = view.receivers[shard].contains { node in
          view.members.firstIndex(of: node).map { !lacks($0, runs) } ?? false
        }
        if !isThere { lost.append(runs) }
      }
    }
  }

  private func lacks(_ rank: Int, _ runs: ShardRuns) -> Bool {
    missing[rank]?.contains(runs) ?? true
  }

  /// What was found lost since it was asked last.
  mutating func takeLost() -> [ShardRuns] {
    defer { lost = [] }
    return lost
  }

  /// Whether a member has the runs of a step in a shard.
  func holds(_ rank: Int, _ runs: ShardRuns) -> Bool {
    view.receivers[runs.shard].contains(view.members[rank]) && !lacks(rank, runs)
  }
}
