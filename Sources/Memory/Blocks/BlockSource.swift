// SPDX-License-Identifier: Apache-2.0

/// Where blocks for what arrives come from: memory that executors can see.
package protocol BlockSource: AnyObject, Sendable {
  /// A block with a copy of `bytes`, which hold `records` records; nil where memory is full.
  func block(copying bytes: Bytes, records: Int) -> Block?
}

extension BlockPool: BlockSource {
  package func block(copying bytes: Bytes, records: Int) -> Block? {
    let made = block(for: bytes.count)
    made.fill(bytes, records: records)
    return made
  }
}
