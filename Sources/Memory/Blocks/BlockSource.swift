// SPDX-License-Identifier: Apache-2.0

/// Where blocks that are written record by record come from.
@usableFromInline package protocol BlockSupply: AnyObject {
  /// An empty block of the usual size, or of `bytes` where that is more; nil where there never will
  /// be one of this size.
  func block(for bytes: Int) -> Block?

  /// A block that was written, or the same records elsewhere, where they can stay.
  func settled(_ block: Block) -> Block
}

extension BlockSupply {
  /// Where it was written.
  @usableFromInline package func settled(_ block: Block) -> Block { block }
}

/// Where blocks for what arrives come from: memory that executors can see.
package protocol BlockSource: AnyObject, Sendable {
  /// A block with a copy of `bytes`, which hold `records` records; nil where memory is full.
  func block(copying bytes: Bytes, records: Int) -> Block?

  /// What went wrong with the file for what does not fit into memory; nil where nothing did.
  var failure: ScratchFile.Failure? { get }
}

extension BlockSource {
  package var failure: ScratchFile.Failure? { nil }
}

extension BlockPool: BlockSource {
  package func block(copying bytes: Bytes, records: Int) -> Block? {
    let made = newBlock(for: bytes.count)
    made.fill(bytes, records: records)
    return made
  }
}
