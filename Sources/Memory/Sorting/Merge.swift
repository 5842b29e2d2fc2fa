// SPDX-License-Identifier: Apache-2.0

/// Merges sorted runs by key: a loser tree over the runs' next records. O(log runs) comparisons of
/// eight-byte prefixes for each record; whole keys are only compared where prefixes are equal.
/// Records with equal keys come in the order of the runs.
package struct Merge {
  private let orders: [RecordOrder]
  private var positions: [Int]
  private let ends: [Int]
  /// The prefix of each run's next record.
  private var prefixes: [UInt64]
  /// Inner nodes 1..<leaves hold the loser of their match; node 0 holds the winner.
  private var tree: [Int]
  private let leaves: Int

  /// Merges the records `ranges[i]` of `orders[i]`.
  package init(_ orders: [RecordOrder], ranges: [Range<Int>]) {
    precondition(orders.count == ranges.count, "one range for each run")
    self.orders = orders
    positions = ranges.map(\.lowerBound)
    ends = ranges.map(\.upperBound)
    var leaves = 1
    while leaves < max(orders.count, 2) { leaves *= 2 }
    self.leaves = leaves
    prefixes = []
    tree = Array(repeating: 0, count: leaves)
    for run in orders.indices {
      prefixes.append(positions[run] < ends[run] ? orders[run].prefix(positions[run]) : .max)
    }
    build()
  }

  private mutating func build() {
    var winners = Array(repeating: 0, count: 2 * leaves)
    for leaf in 0..<leaves { winners[leaves + leaf] = leaf }
    for node in stride(from: leaves - 1, to: 0, by: -1) {
      let (a, b) = (winners[2 * node], winners[2 * node + 1])
      let aWins = isBefore(a, b)
      winners[node] = aWins ? a : b
      tree[node] = aWins ? b : a
    }
    tree[0] = winners[1]
  }

  private func isAtEnd(_ run: Int) -> Bool {
    run >= positions.count || positions[run] >= ends[run]
  }

  @inline(__always) private func isBefore(_ a: Int, _ b: Int) -> Bool {
    if isAtEnd(a) { return false }
    if isAtEnd(b) { return true }
    if prefixes[a] != prefixes[b] { return prefixes[a] < prefixes[b] }
    let order = orders[a].frame(positions[a]).key.order(orders[b].frame(positions[b]).key)
    return order != 0 ? order < 0 : a < b
  }

  /// The next record in key order; nil at the end.
  @inline(__always) package mutating func next() -> Frame? {
    let winner = tree[0]
    if isAtEnd(winner) { return nil }
    let frame = orders[winner].frame(positions[winner])
    positions[winner] &+= 1
    if positions[winner] < ends[winner] {
      prefixes[winner] = orders[winner].prefix(positions[winner])
    }
    var current = winner
    var node = (leaves &+ winner) / 2
    while node > 0 {
      if isBefore(tree[node], current) { swap(&tree[node], &current) }
      node /= 2
    }
    tree[0] = current
    return frame
  }
}
