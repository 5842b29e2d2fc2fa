// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

/// Some bytes of a file: the lines that begin in `range` belong to it.
struct FileRange: Sendable {
  let file: InputFile
  let range: Range<Int>
}

/// A part of a stage's input that is mapped as one: the unit of order, of work and of retry.
///
/// Splits depend on the input alone, never on threads, so that what is folded, and in which order,
/// is the same in every run.
enum Split: Sendable {
  case files([FileRange])
  /// Lines that were read from a stream, beginning at byte `offset` of it.
  case lines(StreamPiece)
  case values(Range<Int>)
  case records(RunSlice)

  /// Bytes of input, for progress.
  var bytes: Int {
    switch self {
    case .files(let ranges): ranges.reduce(0) { $0 + $1.range.count }
    case .lines(let piece): piece.count
    case .values: 0
    case .records(let slice): slice.bytes
    }
  }
}

/// Cuts inputs into splits.
enum Splits {
  /// Bytes of a split of an input of `total` bytes.
  static func size(total: Int) -> Int {
    min(max(total / Limits.splitsWanted, Limits.splitBytesMinimum), Limits.splitBytesMaximum)
  }

  /// Packs files in order: a large file into many splits, many small files into one.
  static func pack(_ files: [InputFile]) -> [Split] {
    let target = size(total: files.reduce(0) { $0 + $1.size })
    var splits: [Split] = []
    var open: [FileRange] = []
    var openBytes = 0
    for file in files where file.size > 0 {
      var start = 0
      while start < file.size {
        let end = min(file.size, start + target - openBytes)
        open.append(FileRange(file: file, range: start..<end))
        openBytes += end - start
        start = end
        if openBytes >= target {
          splits.append(.files(open))
          open = []
          openBytes = 0
        }
      }
    }
    if !open.isEmpty { splits.append(.files(open)) }
    return splits
  }

  /// Ranges of values: as many as there are splits wanted, or one for each value.
  static func values(count: Int) -> [Split] {
    let parts = min(count, Limits.splitsWanted)
    return (0..<parts).map { .values((count * $0 / parts)..<(count * ($0 + 1) / parts)) }
  }

  /// Slices of an earlier stage's runs, in order.
  static func records(_ runs: [Run]) -> [Split] {
    let target = size(total: runs.reduce(0) { $0 + $1.bytes })
    return runs.flatMap { $0.slices(ofBytes: target) }.map { .records($0) }
  }
}
