// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

/// Records of a result that come one by one, in order. They are kept in memory.
package struct GatheredRecords: ~Copyable {
  private let pool = BlockPool()
  private var blocks: [Block] = []
  /// What is in no block yet.
  private var frames = ByteBuffer(capacity: Limits.blockBytes)
  private var pending = 0
  /// How many there are.
  package private(set) var count = 0

  package init() {}

  package mutating func append(key: Bytes, value: Bytes) {
    // With the most that two lengths take.
    let most = 10 + key.count + value.count
    if pending > 0, frames.count + most > Limits.blockBytes { close() }
    frames.appendFrame(key: key, value: value)
    pending += 1
    count += 1
  }

  private mutating func close() {
    guard let block = pool.block(for: frames.count) else { return }
    block.fill(frames.bytes, records: pending)
    blocks.append(block)
    frames.removeAll()
    pending = 0
  }

  /// All of them, as a result.
  package consuming func result(name: String, schema: ResultSchema) -> StageResult {
    if pending > 0 { close() }
    return StageResult(
      name: name, schema: schema, isHashed: false, runs: [Run(sequential: blocks)])
  }
}
