// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

/// A member's counters of blocks: how many it has pushed to each receiver, and how many it has seen
/// arrive from each participant, both for each sender and since the beginning.
///
/// `pushed` is the counter that publishes blocks; `arrived` gives the pusher leave to go on.
package struct BlockCounters: Sendable, Hashable {
  private let owner: Rank
  private let offset: Int
  private let participants: RankSet
  private let cellsPerSender: Int

  init(_ plan: SubgroupPlan, owner: Rank, offset: Int) {
    self.owner = owner
    self.offset = offset
    participants = plan.participants
    cellsPerSender = 2 * plan.participants.count
  }

  static func byteCount(_ plan: SubgroupPlan) -> Int {
    16 * plan.senders.count * plan.participants.count
  }

  private func place(_ member: Rank) -> Int {
    participants.intersection(RankSet(first: member.index)).count
  }

  private func pushedOffset(sender: Int, target: Rank) -> Int {
    offset + 8 * (sender * cellsPerSender + place(target))
  }

  private func arrivedOffset(sender: Int, source: Rank) -> Int {
    offset + 8 * (sender * cellsPerSender + participants.count + place(source))
  }

  /// Blocks of `sender` that the owner has pushed to `target`.
  func pushed(sender: Int, target: Rank, in segment: SegmentView) -> UInt64 {
    segment.load(pushedOffset(sender: sender, target: target))
  }

  /// Blocks of `sender` that the owner has seen arrive from `source`.
  func arrived(sender: Int, source: Rank, in segment: SegmentView) -> UInt64 {
    segment.load(arrivedOffset(sender: sender, source: source))
  }

  func setPushed(
    _ value: UInt64, sender: Int, target: Rank, in segment: SegmentView, into pushes: inout Pushes
  ) {
    set(value, pushedOffset(sender: sender, target: target), target, segment, &pushes)
  }

  func setArrived(
    _ value: UInt64, sender: Int, source: Rank, in segment: SegmentView, into pushes: inout Pushes
  ) {
    set(value, arrivedOffset(sender: sender, source: source), source, segment, &pushes)
  }

  private func set(
    _ value: UInt64, _ offset: Int, _ reader: Rank, _ segment: SegmentView, _ pushes: inout Pushes
  ) {
    segment.store(value, at: offset)
    pushes.append(
      Push(owner: owner, offset: offset, byteCount: 8, kind: .cells, targets: RankSet([reader])))
  }
}
