// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// One try at one split of one step.
package struct SplitKey: Hashable, Sendable {
  package let step: StepID
  package let split: Int
  package let attempt: Int

  package init(step: StepID, split: Int, attempt: Int) {
    self.step = step
    self.split = split
    self.attempt = attempt
  }
}

/// Where a piece of a finished run belongs.
package struct RunPiece: Hashable, Sendable {
  package let step: StepID
  package let partition: Int
  /// Its place among the blocks of the run, of `count` in all.
  package let index: Int
  package let count: Int
  package let tally: RunTally

  package init(step: StepID, partition: Int, index: Int, count: Int, tally: RunTally) {
    self.step = step
    self.partition = partition
    self.index = index
    self.count = count
    self.tally = tally
  }
}

/// What goes to the replicas of a shard, in the shard's total order.
package enum ShardEntry: Hashable, Sendable {
  /// Records of a split for a partition; their bytes follow.
  case block(SplitKey, partition: Int, records: Int)
  /// The split has left `blocks` blocks in this shard. `tally` is of the split as a whole.
  case seal(SplitKey, blocks: Int, SplitTally)
  /// A block of a finished run, for a replica that lacks it; its bytes follow. A run without
  /// records is one piece without bytes.
  case run(RunPiece, records: Int)
}

/// An entry with its bytes, on its way to a shard. A message is some of them, one behind the other.
package struct ShardParcel: Sendable {
  package let entry: ShardEntry
  package let block: Block?
  package let header: [UInt8]

  package init(_ entry: ShardEntry, _ block: Block?) {
    self.entry = entry
    self.block = block
    var out = ByteBuffer(capacity: 64)
    switch entry {
    case .block(let key, let partition, let records):
      out.append(1 as UInt8)
      out.append(key)
      out.appendVarint(UInt64(partition))
      out.appendVarint(UInt64(records))
    case .seal(let key, let blocks, let tally):
      out.append(2 as UInt8)
      out.append(key)
      out.appendVarint(UInt64(blocks))
      out.append(tally)
    case .run(let piece, let records):
      out.append(3 as UInt8)
      out.append(piece)
      out.appendVarint(UInt64(records))
    }
    out.appendVarint(UInt64(block?.count ?? 0))
    header = Array(out.bytes)
  }

  package var byteCount: Int { header.count + (block?.count ?? 0) }

  /// Reads the next entry of a message. The bytes are in place.
  package static func next(
    _ reader: inout ByteReader
  ) throws(ByteReader.Damaged) -> (ShardEntry, Bytes)? {
    if reader.isAtEnd { return nil }
    let entry = try reader.shardEntry()
    return (entry, try reader.take(try reader.length()))
  }
}

extension ByteBuffer {
  mutating func append(_ piece: RunPiece) {
    appendVarint(piece.step.number)
    appendVarint(UInt64(piece.partition))
    appendVarint(UInt64(piece.index))
    appendVarint(UInt64(piece.count))
    append(piece.tally)
  }

  fileprivate mutating func append(_ key: SplitKey) {
    appendVarint(key.step.number)
    appendVarint(UInt64(key.split))
    appendVarint(UInt64(key.attempt))
  }
}

extension ByteReader {
  private mutating func splitKey() throws(Damaged) -> SplitKey {
    let step = StepID(try varint())
    let split = try number()
    return SplitKey(step: step, split: split, attempt: try number())
  }

  mutating func runPiece() throws(Damaged) -> RunPiece {
    let step = StepID(try varint())
    let partition = try number()
    let index = try number()
    let count = try number()
    return RunPiece(
      step: step, partition: partition, index: index, count: count, tally: try runTally())
  }

  fileprivate mutating func shardEntry() throws(Damaged) -> ShardEntry {
    switch try byte() {
    case 1:
      let key = try splitKey()
      let partition = try number()
      return .block(key, partition: partition, records: try number())
    case 2:
      let key = try splitKey()
      let blocks = try number()
      return .seal(key, blocks: blocks, try splitTally())
    case 3:
      let piece = try runPiece()
      return .run(piece, records: try number())
    default: throw Damaged()
    }
  }
}
