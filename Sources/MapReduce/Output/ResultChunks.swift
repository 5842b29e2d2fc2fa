// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
import Vocabulary

/// A result cut into chunks that can be shown side by side and stand one behind the other.
///
/// Where the chunks are cut depends on the records alone.
struct ResultChunks: Sendable {
  enum Chunk: Sendable {
    case slice(RunSlice)
    /// One range of keys, to be merged from all runs.
    case merge([Range<Int>])
  }

  let chunks: [Chunk]
  private let orders: [RecordOrder]

  init(_ result: StageResult) {
    let target = Limits.outputChunkBytes
    let orders = result.runs.compactMap(\.order)
    guard result.isHashed, orders.count == result.runs.count else {
      self.orders = []
      chunks = result.runs.flatMap { run in
        RunExtent(records: run.records, bytes: run.bytes).ranges(ofBytes: target).map {
          .slice(RunSlice(run: run, range: $0))
        }
      }
      return
    }
    self.orders = orders
    let parts = max(1, (result.bytes + target - 1) / target)
    chunks = Self.mergeRanges(orders, parts: parts).map { .merge($0) }
  }

  /// Cuts all runs at the same keys, taken evenly from the longest run.
  private static func mergeRanges(_ orders: [RecordOrder], parts: Int) -> [[Range<Int>]] {
    guard let longest = orders.max(by: { $0.count < $1.count }), longest.count > 0 else {
      return []
    }
    var starts = orders.map { _ in 0 }
    var ranges: [[Range<Int>]] = []
    for part in 1...parts {
      let ends =
        part == parts
        ? orders.map(\.count)
        : {
          let key = longest.frame(longest.count * part / parts).key
          return orders.map { $0.lowerBound(key) }
        }()
      let range = zip(starts, ends).map { $0..<max($0, $1) }
      if range.contains(where: { !$0.isEmpty }) { ranges.append(range) }
      starts = ends
    }
    return ranges
  }

  /// Hands the records of a chunk to `body` until it returns false.
  func forEach(_ chunk: Chunk, _ body: (Frame) throws -> Bool) throws {
    switch chunk {
    case .slice(let slice):
      struct Enough: Error {}
      do {
        try slice.forEach { if try !body($0) { throw Enough() } }
      } catch is Enough {}
    case .merge(let ranges):
      var merge = Merge(orders, ranges: ranges)
      while let frame = merge.next() {
        if try !body(frame) { return }
      }
    }
  }
}

extension StageResult {
  /// Hands every record, in order, to `body`: its key and its value, to be decoded.
  package func forEach(
    _ body: (_ key: inout RecordReader, _ value: inout RecordReader) throws -> Void
  ) throws {
    try first(.max) { key, value in
      var key = RecordReader(key)
      var value = RecordReader(value)
      try body(&key, &value)
    }
  }

  /// Hands the first records, in order, to `body`.
  package func first(
    _ limit: Int, _ body: (_ key: Bytes, _ value: Bytes) throws -> Void
  ) throws {
    let chunks = ResultChunks(self)
    var left = limit
    for chunk in chunks.chunks where left > 0 {
      try chunks.forEach(chunk) { frame in
        guard left > 0 else { return false }
        left -= 1
        try body(frame.key, frame.value)
        return true
      }
    }
  }
}
