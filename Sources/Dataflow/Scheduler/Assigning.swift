// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// Gives the splits of one step to nodes: to each a few more than it has executors, so that none
/// waits for orders, and none has many left when another has nothing to do.
struct Assigning: Sendable {
  /// What a node was given in this view, in order.
  private struct Given: Sendable {
    var attempts: [SplitAttempt] = []
    var done = 0
    /// When the oldest that is not done was given, or the one before it was done.
    var since: UInt64 = 0

    var outstanding: ArraySlice<SplitAttempt> { attempts[done...] }
  }

  /// Splits that nobody maps, in order.
  private var waiting: [Int]
  /// By split: attempts so far.
  private var counts: [Int]
  /// By rank.
  private var given: [Given]
  /// Attempts that failed: their splits go to other nodes.
  private var failed: [SplitAttempt] = []
  /// The longest that a split has taken, in nanoseconds.
  private var longest: UInt64 = 0

  /// A split is mapped by another node too where it takes so many times the longest so far.
  private static let patience: UInt64 = 3
  private static let leastPatience: UInt64 = 1_000_000_000

  /// For a step that begins, or goes on in another view: what its members were mapping, they go on
  /// with.
  init(_ step: Board.Step, members: [NodeID], now: UInt64) {
    counts = step.attemptCounts
    given = Array(repeating: Given(), count: members.count)
    waiting = (0..<step.plan.splitCount).filter { split in
      !step.complete.contains(split) && !step.attempts.contains { $0.split == split }
    }
    for attempt in step.attempts {
      guard let rank = members.firstIndex(of: attempt.node) else { continue }
      given[rank].attempts.append(attempt)
      given[rank].since = now
    }
  }

  var waitingCount: Int { waiting.count }

  /// Whether somebody works on a split, as far as is known.
  var isIdle: Bool { waiting.isEmpty && given.allSatisfy(\.outstanding.isEmpty) }

  /// Ranks with attempts that are not done, and how many.
  var outstanding: [(rank: Int, count: Int)] {
    given.indices.compactMap { rank in
      let count = given[rank].outstanding.count
      return count == 0 ? nil : (rank, count)
    }
  }

  /// Takes in how far a node is.
  mutating func advance(_ rank: Int, done: Int, _ now: UInt64) {
    let known = given[rank].done
    guard done > known else { return }
    longest = max(longest, (now - given[rank].since) / UInt64(done - known))
    given[rank].done = min(done, given[rank].attempts.count)
    given[rank].since = now
  }

  /// An attempt failed: its split goes to another node, where there is one.
  mutating func fail(_ attempt: SplitAttempt) {
    failed.append(attempt)
    // One that failed counts as outstanding until those before it are done, and is no try any more.
    let isTried = given.contains { given in
      given.outstanding.contains { $0.split == attempt.split && !failed.contains($0) }
    }
    guard !isTried, !waiting.contains(attempt.split) else { return }
    let place = waiting.firstIndex { $0 > attempt.split } ?? waiting.count
    waiting.insert(attempt.split, at: place)
  }

  /// Attempts to be assigned now. `room`: by rank, how many a node may have at a time. `mayMap`:
  /// whether the node of a rank can read a split.
  mutating func next(
    _ members: [NodeID], room: [Int], _ now: UInt64, mayMap: (_ rank: Int, _ split: Int) -> Bool
  ) -> [SplitAttempt] {
    var made: [SplitAttempt] = []
    // Round after round, so that few splits are spread over all nodes.
    var hasGiven = true
    while hasGiven, !waiting.isEmpty {
      hasGiven = false
      for rank in members.indices where given[rank].outstanding.count < room[rank] {
        guard let place = place(for: rank, members, mayMap) else { continue }
        made.append(give(waiting.remove(at: place), rank, members, now))
        hasGiven = true
      }
    }
    if waiting.isEmpty, let late = straggler(members, now, mayMap) { made.append(late) }
    return made
  }

  private func place(
    for rank: Int, _ members: [NodeID], _ mayMap: (Int, Int) -> Bool
  ) -> Int? {
    waiting.firstIndex { split in
      guard mayMap(rank, split) else { return false }
      guard hasFailed(split, at: members[rank]) else { return true }
      // Where there is no other node, the same one tries again.
      return !members.indices.contains { other in
        other != rank && mayMap(other, split) && !hasFailed(split, at: members[other])
      }
    }
  }

  private func hasFailed(_ split: Int, at node: NodeID) -> Bool {
    failed.contains { $0.split == split && $0.node == node }
  }

  private mutating func give(
    _ split: Int, _ rank: Int, _ members: [NodeID], _ now: UInt64
  ) -> SplitAttempt {
    let attempt = SplitAttempt(split: split, attempt: counts[split], node: members[rank])
    counts[split] += 1
    if given[rank].outstanding.isEmpty { given[rank].since = now }
    given[rank].attempts.append(attempt)
    return attempt
  }

  /// A split that takes much longer than others did, for a node that has nothing to do.
  private mutating func straggler(
    _ members: [NodeID], _ now: UInt64, _ mayMap: (Int, Int) -> Bool
  ) -> SplitAttempt? {
    let patience = max(Self.leastPatience, Self.patience * longest)
    for late in given.indices where now > given[late].since + patience {
      for attempt in given[late].outstanding {
        let split = attempt.split
        let isTaken = given.indices.contains { rank in
          rank != late && given[rank].attempts.contains { $0.split == split }
        }
        guard !isTaken else { continue }
        let idle = given.indices.first {
          $0 != late && given[$0].outstanding.isEmpty && mayMap($0, split)
        }
        guard let idle else { continue }
        return give(split, idle, members, now)
      }
    }
    return nil
  }
}
