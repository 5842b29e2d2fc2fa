// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

/// Records of a result that come one by one, in order. What does not fit into memory lies in its
/// scratch.
package struct GatheredRecords: ~Copyable {
  private let pool: BlockPool
  private var blocks: [Block] = []
  /// What is in no block yet.
  private var frames = ByteBuffer(capacity: Limits.blockBytes)
  private var pending = 0
  /// How many there are.
  package private(set) var count = 0

  package init(memory: MemoryBudget) { pool = BlockPool(memory) }

  /// Throws where scratch cannot grow.
  package mutating func append(key: Bytes, value: Bytes) throws {
    // With the most that two lengths take.
    let most = 10 + key.count + value.count
    if pending > 0, frames.count + most > Limits.blockBytes { try close() }
    frames.appendFrame(key: key, value: value)
    pending += 1
    count += 1
  }

  private mutating func close() throws {
    guard let block = pool.block(for: frames.count) else { return }
    block.fill(frames.bytes, records: pending)
    blocks.append(pool.settled(block))
    try pool.budget.check()
    frames.removeAll()
    pending = 0
  }

  /// All of them, as a result.
  package consuming func result(name: String, schema: ResultSchema) throws -> StageResult {
    if pending > 0 { try close() }
    return StageResult(
      name: name, schema: schema, isHashed: false, runs: [Run(sequential: blocks)])
  }
}
