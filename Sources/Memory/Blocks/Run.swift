// SPDX-License-Identifier: Apache-2.0

/// The immutable result of one partition: records in key order, or in the order of writing.
@usableFromInline package final class Run: Sendable {
  enum Layout: Sendable {
    case ordered(RecordOrder)
    case sequential([Block])
  }

  let layout: Layout
  package let records: Int
  /// Bytes of all frames.
  package let bytes: Int

  /// Records in the order in which `order` has brought them.
  package init(ordered order: RecordOrder) {
    layout = .ordered(order)
    records = order.count
    bytes = order.blocks.reduce(0) { $0 + $1.count }
  }

  /// Records in the order of `blocks`.
  @usableFromInline package init(sequential blocks: [Block]) {
    layout = .sequential(blocks)
    records = blocks.reduce(0) { $0 + $1.records }
    bytes = blocks.reduce(0) { $0 + $1.count }
  }

  /// The records by key; nil where they stand in the order of writing.
  package var order: RecordOrder? {
    if case .ordered(let order) = layout { order } else { nil }
  }

  /// Cuts the run into slices of about `target` bytes, in order.
  package func slices(ofBytes target: Int) -> [RunSlice] {
    switch layout {
    case .ordered(let order):
      let parts = max(1, (bytes + target - 1) / target)
      return (0..<parts).compactMap { part in
        let range = (order.count * part / parts)..<(order.count * (part + 1) / parts)
        return range.isEmpty ? nil : RunSlice(run: self, range: range)
      }
    case .sequential(let blocks):
      var slices: [RunSlice] = []
      var start = 0
      var size = 0
      for index in blocks.indices {
        size += blocks[index].count
        if size >= target || index == blocks.count - 1 {
          slices.append(RunSlice(run: self, range: start..<(index + 1)))
          start = index + 1
          size = 0
        }
      }
      return slices
    }
  }
}

/// Some neighbouring records of a run: record indices where it is ordered, else block indices.
@usableFromInline package struct RunSlice: Sendable {
  package let run: Run
  package let range: Range<Int>

  package init(run: Run, range: Range<Int>) {
    self.run = run
    self.range = range
  }

  /// Bytes of the frames; where records are ordered, the slice's share of the run.
  package var bytes: Int {
    switch run.layout {
    case .ordered(let order): order.count == 0 ? 0 : run.bytes / order.count * range.count
    case .sequential(let blocks): blocks[range].reduce(0) { $0 + $1.count }
    }
  }

  /// Hands every record to `body`, in order; returns how many there were.
  @usableFromInline @discardableResult
  package func forEach(_ body: (Frame) throws -> Void) rethrows -> Int {
    switch run.layout {
    case .ordered(let order):
      for index in range { try body(order.frame(index)) }
      return range.count
    case .sequential(let blocks):
      var count = 0
      for block in blocks[range] {
        var cursor = FrameCursor(block)
        while let frame = cursor.next() {
          try body(frame)
          count += 1
        }
      }
      return count
    }
  }
}
