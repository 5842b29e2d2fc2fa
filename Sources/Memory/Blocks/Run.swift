// SPDX-License-Identifier: Apache-2.0

/// The immutable result of one partition: records in key order, or in the order of writing.
@usableFromInline package final class Run: Sendable {
  @usableFromInline enum Layout: Sendable {
    case ordered(OrderedRecords)
    case sequential([Block])
  }

  @usableFromInline let layout: Layout
  @usableFromInline package let records: Int
  /// Bytes of all frames.
  package let bytes: Int

  /// Records in key order.
  @usableFromInline package init(ordered: OrderedRecords) {
    layout = .ordered(ordered)
    records = ordered.count
    bytes = ordered.bytes
  }

  /// Records in the order of `blocks`.
  @usableFromInline package init(sequential blocks: [Block]) {
    layout = .sequential(blocks)
    records = blocks.reduce(0) { $0 + $1.records }
    bytes = blocks.reduce(0) { $0 + $1.count }
  }

  /// The records by key; nil where they stand in the order of writing.
  package var ordered: OrderedRecords? {
    if case .ordered(let ordered) = layout { ordered } else { nil }
  }
}

/// Some neighbouring records of a run, counted from its first.
@usableFromInline package struct RunSlice: Sendable {
  @usableFromInline package let run: Run
  @usableFromInline package let range: Range<Int>

  package init(run: Run, range: Range<Int>) {
    self.run = run
    self.range = range
  }

  /// The slice's share of the run's bytes.
  package var bytes: Int { run.records == 0 ? 0 : run.bytes / run.records * range.count }

  /// Hands every record to `body`, in order; returns how many there were.
  @inlinable @discardableResult
  package func forEach(_ body: (Frame) throws -> Void) rethrows -> Int {
    switch run.layout {
    case .ordered(let ordered):
      if range.isEmpty { return 0 }
      var place = ordered.place(range.lowerBound)
      while place.index < range.upperBound { try body(ordered.next(&place)) }
    case .sequential(let blocks):
      var passed = 0
      for (place, block) in blocks.enumerated() where passed < range.upperBound {
        let first = passed
        passed += block.records
        guard passed > range.lowerBound else { continue }
        if range.lowerBound <= first, passed <= range.upperBound {
          try block.forEach(body)
        } else {
          try block.forEach(range.lowerBound - first, range.upperBound - first, body)
        }
        // Whoever was handed the last records may still be reading them.
        if place > 0 { blocks[place - 1].letGo() }
      }
    }
    return range.count
  }
}
