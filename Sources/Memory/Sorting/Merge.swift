// SPDX-License-Identifier: Apache-2.0

/// Merges sorted runs by key: a loser tree over the runs' next records. O(log runs) comparisons of
/// eight-byte prefixes for each record; whole keys are only compared where prefixes are equal.
/// Records with equal keys come in the order of the runs.
package struct Merge {
  /// A run in the tree, with what most matches are decided by.
  private struct Player {
    /// Of the key of the run's next record; the highest where it has no more.
    var prefix = UInt64.max
    var run = 0
  }

  private let runs: [OrderedRecords]
  /// Where each run stands: behind its next record.
  private var places: [RecordPlace]
  private let ends: [Int]
  /// The next record of each run; nil where it has no more.
  private var heads: [Frame?]
  /// Inner nodes 1..<leaves hold the loser of their match; node 0 holds the winner.
  private var tree: [Player]
  private let leaves: Int

  /// Merges the records `ranges[i]` of `runs[i]`.
  package init(_ runs: [OrderedRecords], ranges: [Range<Int>]) {
    precondition(runs.count == ranges.count, "one range for each run")
    self.runs = runs
    places = zip(runs, ranges).map { $0.place($1.lowerBound) }
    ends = ranges.map(\.upperBound)
    var leaves = 1
    while leaves < max(runs.count, 2) { leaves *= 2 }
    self.leaves = leaves
    heads = Array(repeating: nil, count: leaves)
    tree = Array(repeating: Player(), count: leaves)
    build()
  }

  /// Merges all records.
  package init(_ runs: [OrderedRecords]) {
    self.init(runs, ranges: runs.map { 0..<$0.count })
  }

  private mutating func build() {
    var winners = Array(repeating: Player(), count: 2 * leaves)
    for leaf in 0..<leaves {
      winners[leaves + leaf] =
        leaf < runs.count ? advance(leaf) : Player(prefix: .max, run: leaf)
    }
    for node in stride(from: leaves - 1, to: 0, by: -1) {
      let (a, b) = (winners[2 * node], winners[2 * node + 1])
      let aWins = isBefore(a, b)
      winners[node] = aWins ? a : b
      tree[node] = aWins ? b : a
    }
    tree[0] = winners[1]
  }

  @inline(__always) private mutating func advance(_ run: Int) -> Player {
    guard places[run].index < ends[run] else {
      heads[run] = nil
      return Player(prefix: .max, run: run)
    }
    let frame = runs[run].next(&places[run])
    heads[run] = frame
    return unsafe Player(prefix: orderPrefix(frame.key.base, frame.key.count), run: run)
  }

  @inline(__always) private func isBefore(_ a: Player, _ b: Player) -> Bool {
    a.prefix != b.prefix ? a.prefix < b.prefix : isBefore(a.run, b.run)
  }

  /// The same where the prefixes are equal.
  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    guard let first = heads[a] else { return false }
    guard let second = heads[b] else { return true }
    let order = first.key.order(second.key)
    return order != 0 ? order < 0 : a < b
  }

  /// The next record in key order; nil at the end.
  @inline(__always) package mutating func next() -> Frame? {
    let winner = tree[0].run
    guard let frame = heads[winner] else { return nil }
    var current = advance(winner)
    var node = (leaves &+ winner) &>> 1
    while node > 0 {
      let other = tree[node]
      if isBefore(other, current) {
        tree[node] = current
        current = other
      }
      node &>>= 1
    }
    tree[0] = current
    return frame
  }
}
