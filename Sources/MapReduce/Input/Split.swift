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
  /// Bytes of the split that begins at byte `position` of the input: small at first, so that small
  /// inputs have work for all threads, a sixteenth of what came before later on. The input's length
  /// plays no part, so that a stream, whose length nobody knows, is cut where a file is.
  static func size(at position: Int) -> Int {
    min(max(position / 16, Limits.splitBytesMinimum), Limits.splitBytesMaximum)
  }

  /// Packs files in order: a large file into many splits, many small files into one.
  static func pack(_ files: [InputFile]) -> [Split] {
    var position = 0
    var target = size(at: position)
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
          position += openBytes
          openBytes = 0
          target = size(at: position)
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
    let share = runs.reduce(0) { $0 + $1.bytes } / Limits.splitsWanted
    let target = min(max(share, Limits.splitBytesMinimum), Limits.splitBytesMaximum)
    return runs.flatMap { $0.slices(ofBytes: target) }.map { .records($0) }
  }
}
