// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Makes partitions of an aligned stage, on one thread: what would be mapped, sent to the partition
/// with the same number and folded there, is folded where it is mapped.
///
/// Pieces of the input are taken in the order of branches and records, and cut alike everywhere, so
/// that values meet in the same order in one process and on a cluster.
final class Aligner {
  private let stage: StageSpec
  private let mapper: SplitMapper

  init(_ stage: StageSpec, pool: BlockPool, tableSeed: UInt64, broadcasts: BroadcastValues) {
    self.stage = stage
    mapper = SplitMapper(
      stage, writer: PartitionWriter(partitions: 1, pool: pool), splitters: nil,
      tableSeed: tableSeed, broadcasts: broadcasts)
  }

  /// The run of a partition. `inputs`: by branch, the run with the same number. `progress` is told
  /// how many records were read, and throws where the work is not wanted any more.
  func make(
    _ inputs: [Run], _ context: FoldContext, progress: (_ records: Int) throws -> Void
  ) throws -> Run {
    let folder = stage.kernel.makeFolder(context)
    for (branch, run) in inputs.enumerated() {
      for start in stride(from: 0, to: run.records, by: Limits.alignedRecords) {
        let range = start..<min(start + Limits.alignedRecords, run.records)
        let piece = BranchSplit(branch: branch, split: .records(RunSlice(run: run, range: range)))
        try mapper.map(piece) { records, _ in
          try progress(records)
          return true
        }
        try locating(nil) {
          for block in mapper.writer.takeBlocks()[0] { try folder.fold(block) }
        }
      }
    }
    return try locating(nil) { try folder.finish() }
  }
}
