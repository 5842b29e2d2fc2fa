// SPDX-License-Identifier: Apache-2.0

/// Merges sorted runs by key: a loser tree over the runs' next records. O(log runs) comparisons of
/// eight-byte prefixes for each record; whole keys are only compared where prefixes are equal.
/// Records with equal keys come in the order of the runs.
@safe
package final class Merge {
  // Safe because `heads` and `tree` have a place for each leaf, which stay below `leaves`, what
  // they hold owns nothing, and the runs that heads point into are held.
  private struct Head {
    let referenced: ReferencedRecords?
    /// Where the run stands: behind its next record.
    var place: RecordPlace
    let end: Int
    /// The next record; nil where there are no more.
    var frame: Frame?
  }

  /// A run in the tree, with what most matches are decided by.
  private struct Player {
    /// Of the key of the run's next record; the highest where it has no more.
    var prefix = UInt64.max
    let run: Int
  }

  private let runs: [OrderedRecords]
  private let leaves: Int
  private let heads: UnsafeMutablePointer<Head>
  /// Inner nodes 1..<leaves hold the loser of their match; node 0 holds the winner.
  private let tree: UnsafeMutablePointer<Player>

  /// Merges the records `ranges[i]` of `runs[i]`.
  package init(_ runs: [OrderedRecords], ranges: [Range<Int>]) {
    precondition(runs.count == ranges.count, "one range for each run")
    self.runs = runs
    var leaves = 1
    while leaves < max(runs.count, 2) { leaves *= 2 }
    self.leaves = leaves
    unsafe heads = .allocate(capacity: leaves)
    unsafe tree = .allocate(capacity: leaves)
    let nothing = OrderedRecords.placed(PlacedRecords([]))
    for leaf in 0..<leaves {
      let run = leaf < runs.count ? runs[leaf] : nothing
      let range = leaf < runs.count ? ranges[leaf] : 0..<0
      unsafe (heads + leaf).initialize(
        to: Head(
          referenced: run.referenced, place: run.place(range.lowerBound), end: range.upperBound))
    }
    build()
  }

  /// Merges all records.
  package convenience init(_ runs: [OrderedRecords]) {
    self.init(runs, ranges: runs.map { 0..<$0.count })
  }

  deinit {
    unsafe heads.deallocate()
    unsafe tree.deallocate()
  }

  private func build() {
    var winners = Array(repeating: Player(run: 0), count: 2 * leaves)
    for leaf in 0..<leaves { winners[leaves + leaf] = advance(leaf) }
    for node in stride(from: leaves - 1, to: 0, by: -1) {
      let (a, b) = (winners[2 * node], winners[2 * node + 1])
      let aWins = isBefore(a, b)
      winners[node] = aWins ? a : b
      unsafe (tree + node).initialize(to: aWins ? b : a)
    }
    unsafe tree.initialize(to: winners[1])
  }

  @inline(__always) private func advance(_ run: Int) -> Player {
    let head = unsafe heads + run
    let index = unsafe head.pointee.place.index
    guard unsafe index < head.pointee.end else {
      unsafe head.pointee.frame = nil
      return Player(run: run)
    }
    let frame: Frame
    if let referenced = unsafe head.pointee.referenced {
      frame = referenced[index]
      unsafe head.pointee.place.index = index &+ 1
    } else {
      frame = unsafe runs[run].next(&head.pointee.place)
    }
    unsafe head.pointee.frame = frame
    return unsafe Player(prefix: orderPrefix(frame.key.base, frame.key.count), run: run)
  }

  @inline(__always) private func isBefore(_ a: Player, _ b: Player) -> Bool {
    a.prefix != b.prefix ? a.prefix < b.prefix : isBefore(a.run, b.run)
  }

  /// The same where the prefixes are equal.
  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    guard let first = unsafe heads[a].frame else { return false }
    guard let second = unsafe heads[b].frame else { return true }
    let order = first.key.order(second.key)
    return order != 0 ? order < 0 : a < b
  }

  /// The next record in key order; nil at the end.
  @inline(__always) package func next() -> Frame? {
    let winner = unsafe tree.pointee.run
    guard let frame = unsafe heads[winner].frame else { return nil }
    var current = advance(winner)
    var node = (leaves &+ winner) &>> 1
    while node > 0 {
      let other = unsafe tree[node]
      if isBefore(other, current) {
        unsafe tree[node] = current
        current = other
      }
      node &>>= 1
    }
    unsafe tree.pointee = current
    return frame
  }
}
