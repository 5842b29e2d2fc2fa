// SPDX-License-Identifier: Apache-2.0

/// Merges sorted runs by key: a loser tree over the runs' next records. O(log runs) comparisons of
/// eight-byte prefixes for each record; whole keys are only compared where prefixes are equal.
/// Records with equal keys come in the order of the runs.
package struct Merge {
  private let runs: [OrderedRecords]
  /// Where each run stands: behind its next record.
  private var places: [RecordPlace]
  private let ends: [Int]
  /// The next record of each run; nil where it has no more.
  private var heads: [Frame?]
  /// The prefix of that record's key.
  private var prefixes: [UInt64]
  /// Inner nodes 1..<leaves hold the loser of their match; node 0 holds the winner.
  private var tree: [Int]
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
    prefixes = Array(repeating: .max, count: leaves)
    tree = Array(repeating: 0, count: leaves)
    for run in runs.indices { advance(run) }
    build()
  }

  /// Merges all records.
  package init(_ runs: [OrderedRecords]) {
    self.init(runs, ranges: runs.map { 0..<$0.count })
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

  @inline(__always) private mutating func advance(_ run: Int) {
    guard places[run].index < ends[run] else {
      heads[run] = nil
      return
    }
    let frame = runs[run].next(&places[run])
    heads[run] = frame
    prefixes[run] = unsafe orderPrefix(frame.key.base, frame.key.count)
  }

  @inline(__always) private func isBefore(_ a: Int, _ b: Int) -> Bool {
    guard let first = heads[a] else { return false }
    guard let second = heads[b] else { return true }
    if prefixes[a] != prefixes[b] { return prefixes[a] < prefixes[b] }
    let order = first.key.order(second.key)
    return order != 0 ? order < 0 : a < b
  }

  /// The next record in key order; nil at the end.
  @inline(__always) package mutating func next() -> Frame? {
    let winner = tree[0]
    guard let frame = heads[winner] else { return nil }
    advance(winner)
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
