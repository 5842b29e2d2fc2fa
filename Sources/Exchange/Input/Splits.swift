// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// A part of a stage's input that is mapped as one, in words that every process understands: the
/// unit of order, of work and of retry.
package enum SplitDescription: Sendable, Hashable {
  case files([FileRange])
  /// Indices into the values that the plan holds.
  case values(Range<Int>)
  /// Records of one partition of the stage that is read, counted from 0.
  case records(partition: Int, Range<Int>)
}

/// How much a finished partition holds: enough to cut it into splits.
package struct RunExtent: Sendable, Hashable {
  package let records: Int
  /// Bytes of all frames.
  package let bytes: Int

  package init(records: Int, bytes: Int) {
    self.records = records
    self.bytes = bytes
  }
}

/// Cuts inputs into splits. A pure function of the input, never of threads or nodes, so that what
/// is folded, and in which order, is the same in every run, wherever it runs.
package enum Splits {
  /// Bytes of the split that begins at byte `position` of the input: small at first, so that small
  /// inputs have work for all threads, a sixteenth of what came before later on. The input's length
  /// plays no part, so that a stream, whose length nobody knows, is cut where a file is.
  package static func size(at position: Int) -> Int {
    min(max(position / 16, Limits.splitBytesMinimum), Limits.splitBytesMaximum)
  }

  /// Packs files in order: a large file into many splits, many small files into one. Files are cut
  /// where they may be, so a split can be larger than it should.
  package static func pack(_ files: [InputFile]) -> [[FileRange]] {
    var position = 0
    var target = size(at: position)
    var splits: [[FileRange]] = []
    var open: [FileRange] = []
    var openBytes = 0
    for file in files where file.size > 0 {
      var start = 0
      while start < file.size {
        let end = file.cuts.place(atLeast: start + target - openBytes, size: file.size)
        open.append(FileRange(file: file, range: start..<end))
        openBytes += end - start
        start = end
        if openBytes >= target {
          splits.append(open)
          open = []
          position += openBytes
          openBytes = 0
          target = size(at: position)
        }
      }
    }
    if !open.isEmpty { splits.append(open) }
    return splits
  }

  /// Ranges of values: as many as there are splits wanted, or one for each value.
  package static func values(count: Int) -> [Range<Int>] {
    let parts = min(count, Limits.splitsWanted)
    return (0..<parts).map { (count * $0 / parts)..<(count * ($0 + 1) / parts) }
  }

  /// Ranges of an earlier stage's records, by partition, in order.
  package static func records(_ runs: [RunExtent]) -> [(partition: Int, range: Range<Int>)] {
    let share = runs.reduce(0) { $0 + $1.bytes } / Limits.splitsWanted
    let target = min(max(share, Limits.splitBytesMinimum), Limits.splitBytesMaximum)
    return runs.enumerated().flatMap { partition, run in
      run.ranges(ofBytes: target).map { (partition, $0) }
    }
  }

  /// Which splits a sort samples: at most twice as many as are wanted, evenly.
  package static func sampled(of count: Int) -> StrideTo<Int> {
    stride(from: 0, to: count, by: max(1, count / Limits.splitsWanted))
  }
}

extension RunExtent {
  /// Cuts the records into ranges of about `target` bytes.
  package func ranges(ofBytes target: Int) -> [Range<Int>] {
    let parts = max(1, (bytes + target - 1) / target)
    return (0..<parts).compactMap { part in
      let range = (records * part / parts)..<(records * (part + 1) / parts)
      return range.isEmpty ? nil : range
    }
  }
}

extension ByteBuffer {
  package mutating func append(_ split: SplitDescription) {
    switch split {
    case .files(let ranges):
      append(0 as UInt8)
      appendVarint(UInt64(ranges.count))
      for range in ranges {
        append(range.file)
        append(range.range)
      }
    case .values(let range):
      append(1 as UInt8)
      append(range)
    case .records(let partition, let range):
      append(2 as UInt8)
      appendVarint(UInt64(partition))
      append(range)
    }
  }
}

extension ByteReader {
  package mutating func split() throws(Damaged) -> SplitDescription {
    switch try byte() {
    case 0:
      var ranges: [FileRange] = []
      for _ in 0..<(try length()) {
        let file = try inputFile()
        ranges.append(FileRange(file: file, range: try range()))
      }
      return .files(ranges)
    case 1: return .values(try range())
    case 2:
      let partition = try number()
      return .records(partition: partition, try range())
    default: throw Damaged()
    }
  }
}
