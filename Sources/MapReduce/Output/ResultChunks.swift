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
  /// The file that each chunk belongs to, from 0; empty where the division names none.
  private let files: [Int]
  private let runs: [OrderedRecords]

  /// Chunks of about `target` bytes, none of which belongs to two files.
  init(
    _ result: StageResult, ofBytes target: Int = Limits.outputChunkBytes,
    division: FileDivision = .none
  ) {
    var count: Int?
    if case .files(let wanted) = division { count = wanted }
    let runs = result.runs.compactMap(\.ordered)
    guard result.isHashed, runs.count == result.runs.count else {
      self.runs = []
      (chunks, files) = Self.slices(of: result, target, files: count)
      return
    }
    self.runs = runs
    (chunks, files) = Self.merges(
      runs, parts: max(1, (result.bytes + target - 1) / target), files: count)
  }

  /// The file that a chunk belongs to; nil where the division does not name one.
  func file(of chunk: Int) -> Int? { files.isEmpty ? nil : files[chunk] }

  /// Cuts runs that stand one behind the other: between files, exactly where they have equally many
  /// records.
  private static func slices(
    of result: StageResult, _ target: Int, files count: Int?
  ) -> ([Chunk], [Int]) {
    var chunks: [Chunk] = []
    var files: [Int] = []
    let total = result.runs.reduce(0) { $0 + $1.records }
    var before = 0
    for run in result.runs {
      let extent = RunExtent(records: run.records, bytes: run.bytes)
      for range in extent.ranges(ofBytes: target) {
        guard let count else {
          chunks.append(.slice(RunSlice(run: run, range: range)))
          continue
        }
        var start = range.lowerBound
        while start < range.upperBound {
          // The last file that begins at or before this record, and where the next one does.
          let file = ((before + start + 1) * count - 1) / total
          let next = total * (file + 1) / count - before
          let end = min(range.upperBound, max(next, start + 1))
          chunks.append(.slice(RunSlice(run: run, range: start..<end)))
          files.append(file)
          start = end
        }
      }
      before += run.records
    }
    return (chunks, files)
  }

  /// Cuts runs that are to be merged into ranges of keys: as many for each file.
  private static func merges(
    _ runs: [OrderedRecords], parts wanted: Int, files count: Int?
  ) -> ([Chunk], [Int]) {
    guard let longest = runs.max(by: { $0.count < $1.count }), longest.count > 0 else {
      return ([], [])
    }
    guard let count else {
      // Taken evenly from the longest run.
      let ranges = mergeRanges(runs, parts: wanted) { part, starts in
        let key = longest.key(longest.count * part / wanted)
        return zip(runs, starts).map { $0.lowerBound(key, from: $1) }
      }
      return (ranges.map { .merge($0.ranges) }, [])
    }
    let each = max(1, (wanted + count - 1) / count)
    let keys = samples(runs, atLeast: max(samplesMinimum, samplesForPart * each * count))
    let ranges = mergeRanges(runs, parts: each * count) { part, starts in
      keys[keys.count * part / (each * count)].withBytes { key in
        zip(runs, starts).map { $0.lowerBound(key, from: $1) }
      }
    }
    return (ranges.map { .merge($0.ranges) }, ranges.map { $0.part / each })
  }

  /// Enough for files that differ by a few records of a hundred. Results that have fewer records
  /// than the minimum are divided exactly.
  private static let samplesForPart = 32
  private static let samplesMinimum = 1 << 16

  /// Keys of all runs, evenly taken and in order: all of them where they are few.
  private static func samples(_ runs: [OrderedRecords], atLeast wanted: Int) -> [[UInt8]] {
    let step = max(1, runs.reduce(0) { $0 + $1.count } / wanted)
    let keys = runs.flatMap { run in
      defer { run.letGo() }
      return stride(from: step / 2, to: run.count, by: step).map { Array(run.key($0)) }
    }
    return keys.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Cuts all runs at the same keys: `cut` tells where a part begins in each, and is told where the
  /// one before does. What is empty is left out.
  private static func mergeRanges(
    _ runs: [OrderedRecords], parts: Int, cut: (_ part: Int, _ starts: [Int]) -> [Int]
  ) -> [(part: Int, ranges: [Range<Int>])] {
    var starts = runs.map { _ in 0 }
    var found: [(part: Int, ranges: [Range<Int>])] = []
    for part in 1...parts {
      let ends = part == parts ? runs.map(\.count) : cut(part, starts)
      let ranges = zip(starts, ends).map { $0..<max($0, $1) }
      if ranges.contains(where: { !$0.isEmpty }) { found.append((part - 1, ranges)) }
      starts = ends
    }
    return found
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
      let merge = Merge(runs, ranges: ranges)
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
    // In one piece: to find where many begin, blocks all over the result would be read.
    let chunks = ResultChunks(self, ofBytes: max(bytes, 1))
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
