// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// A part of a stage's input that is mapped as one, as this process has it: the unit of order, of
/// work and of retry.
enum Split: Sendable {
  case files([FileRange])
  /// Lines that were read from a stream, beginning at byte `offset` of it.
  case lines(StreamPiece)
  case values(Range<Int>)
  case records(RunSlice)

  /// Whether some of its files are expanded as they are read.
  var isCompressed: Bool {
    guard case .files(let ranges) = self else { return false }
    return ranges.contains { $0.file.compression != nil }
  }

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

/// A split of one branch of a stage.
struct BranchSplit: Sendable {
  let branch: Int
  let split: Split
}

extension Splits {
  /// Slices of an earlier stage's runs, in order.
  static func slices(of runs: [Run]) -> [Split] {
    records(runs.map { RunExtent(records: $0.records, bytes: $0.bytes) }).map { part in
      .records(RunSlice(run: runs[part.partition], range: part.range))
    }
  }
}
