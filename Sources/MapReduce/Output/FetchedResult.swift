// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

extension StageResult {
  /// A result whose runs were made by other processes. It is shown and saved as if it had been made
  /// here. `frames` are those of a partition, in their order. `whole`: what the result has in all,
  /// where `frames` has only the first records of each partition: enough to be shown. What does not
  /// fit into `memory` lies in its scratch.
  package init(
    name: String, schema: ResultSchema, isHashed: Bool, partitions: Int, whole: RunExtent? = nil,
    memory: MemoryBudget = .unlimited, frames: (_ partition: Int) throws -> [UInt8]
  ) throws {
    let pool = BlockPool(memory)
    var runs: [Run] = []
    for partition in 0..<partitions {
      let blocks = try Self.blocks(of: try frames(partition), pool)
      try memory.check()
      runs.append(
        isHashed
          ? Run(ordered: RecordSorter.ordered(blocks, pool)) : Run(sequential: blocks))
    }
    self.init(name: name, schema: schema, isHashed: isHashed, runs: runs, whole: whole)
  }

  /// Copies frames into blocks: as many into each as it holds.
  private static func blocks(of frames: [UInt8], _ pool: BlockPool) throws -> [Block] {
    try frames.withBytes { bytes in
      var blocks: [Block] = []
      var reader = ByteReader(bytes)
      var start = 0
      var records = 0
      func fill(to end: Int) {
        guard end > start, let block = pool.block(for: end - start) else { return }
        block.fill(bytes[start..<end], records: records)
        blocks.append(pool.settled(block))
        start = end
        records = 0
      }
      while !reader.isAtEnd {
        let before = bytes.count - reader.remaining
        _ = try reader.frame()
        let after = bytes.count - reader.remaining
        if after - start > Limits.blockBytes { fill(to: before) }
        records += 1
      }
      fill(to: bytes.count)
      return blocks
    }
  }
}
