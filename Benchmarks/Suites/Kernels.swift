// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory
import Vocabulary

/// A text in memory and where its words stand, as the C++ kernels hold it.
final class TokenisedText {
  private var buffer = ByteBuffer()
  /// Offset and length of each word, packed: kernels should wait for the text, not for the list.
  private var words: [UInt64] = []

  init(_ path: String, atMost count: Int) throws {
    try Files.load(path, atMost: count, to: &buffer)
    let text = buffer.bytes
    for word in text.words {
      precondition(word.count < 1 << 24, "a word of this length does not fit into the list")
      let offset = unsafe word.base - text.base
      words.append(UInt64(offset) << 24 | UInt64(word.count))
    }
  }

  var bytes: Bytes { buffer.bytes }

  func countWords() -> Int {
    var sum = 0
    for word in bytes.words { sum &+= 1 &+ word.count }
    return sum
  }

  /// As jobs do it: lines first, then the words of each.
  func countWordsByLine() -> Int {
    let text = bytes
    var sum = 0
    var start = 0
    while start < text.count {
      let end = text.firstIndex(of: 0x0A, from: start) ?? text.count
      for word in text[start..<end].words { sum &+= 1 &+ word.count }
      start = end &+ 1
    }
    return sum
  }

  /// Counts all words in one table that grows as it must.
  func combine() -> Int {
    let text = bytes
    // As many slots at first as the reference has.
    var table = CombineTable<Int>(seed: 0, keyCount: 1 << 15)
    var batch = EmitBatch<Int>()
    for word in words {
      batch.append(Self.view(word, text), 1)
      if batch.isFull { table.combine(&batch, insert: { $0 }, update: { $0 += $1 }) }
    }
    table.combine(&batch, insert: { $0 }, update: { $0 += $1 })
    return table.count
  }

  /// Writes all words with a value of one byte to 16 partitions.
  func partition() -> Int {
    let text = bytes
    let one = Bytes("\u{1}\u{1}")[0..<1]
    let writer = PartitionWriter(partitions: 16, pool: BlockPool())
    for word in words {
      let key = Self.view(word, text)
      writer.append(key: key, value: one, partition: stablePartition(key, mask: 15))
    }
    return writer.takeBlocks().joined().reduce(0) { $0 + $1.records }
  }

  @inline(__always) private static func view(_ word: UInt64, _ text: Bytes) -> Bytes {
    let offset = Int(truncatingIfNeeded: word &>> 24)
    return unsafe Bytes(text.base + offset, Int(truncatingIfNeeded: word & 0xFF_FFFF))
  }
}

/// Records of 100 bytes, of which the first ten are random, in the blocks of a shuffle.
final class ShuffledRecords {
  private let blocks: [Block]
  private let count: Int
  private var sorted: ByteBuffer
  private static let recordBytes = 100

  init(_ count: Int) {
    self.count = count
    let writer = PartitionWriter(partitions: 1, pool: BlockPool())
    var random = SplitMix(state: 1)
    var record = [UInt8](repeating: 0x78, count: Self.recordBytes)
    for _ in 0..<count {
      for index in 0..<10 { record[index] = 0x20 + UInt8(random.next() % 95) }
      record.withBytes { writer.append(key: $0, value: Bytes(""), partition: 0) }
    }
    blocks = writer.takeBlocks()[0]
    sorted = ByteBuffer(capacity: count * Self.recordBytes)
    // Its pages are touched now: that the reference does so too keeps both sorts to sorting.
    for _ in 0..<(count * Self.recordBytes) { sorted.append(0 as UInt8) }
  }

  var byteCount: Int { count * Self.recordBytes }

  /// Sorts references to the records, then gathers the records in their order.
  func sort() -> Int {
    let order = RecordOrder(blocks)
    order.sort()
    sorted.removeAll()
    for index in 0..<order.count { sorted.append(order.frame(index).key) }
    return sorted.count + Int(sorted.bytes[sorted.count / 2])
  }

  /// Whether the last sort did its work.
  var isSorted: Bool {
    let all = sorted.bytes
    guard all.count == byteCount else { return false }
    return (1..<max(count, 1)).allSatisfy { index in
      let middle = index * Self.recordBytes
      let before = all[(middle - Self.recordBytes)..<middle]
      return !(all[middle..<(middle + Self.recordBytes)] < before)
    }
  }
}

/// A text in blocks of the size in which results are compressed.
final class CodecBlocks {
  private let blocks: [Bytes]
  /// One block at a time is worked on here: it stays in cache, as where blocks go to a file.
  private var target = ByteBuffer(capacity: Limits.outputChunkBytes)
  /// Each block compressed; nil where that does not pay.
  private let compressed: [[UInt8]?]

  /// The text must outlive the blocks, which are views of it.
  init(_ text: Bytes) {
    blocks = stride(from: 0, to: text.count, by: Limits.outputChunkBytes).map { start in
      text[start..<min(start + Limits.outputChunkBytes, text.count)]
    }
    compressed = blocks.map { block in
      var small = ByteBuffer(capacity: Limits.outputChunkBytes)
      return BlockCodec.compress(block, to: &small) ? Array(small.bytes) : nil
    }
  }

  func copy() {
    for block in blocks {
      target.removeAll()
      unsafe target.appendRaw(room: block.count) { place in
        _ = unsafe block.withRaw { unsafe memcpy(place, $0, $1) }
        return block.count
      }
    }
  }

  func compress() -> Int {
    var bytes = 0
    for block in blocks {
      target.removeAll()
      bytes += BlockCodec.compress(block, to: &target) ? target.count : block.count
    }
    return bytes
  }

  /// Expands all blocks; what did not compress is copied, as readers do.
  func expand() -> Int {
    var bytes = 0
    for index in blocks.indices {
      expand(index)
      bytes += target.count
    }
    return bytes
  }

  private func expand(_ index: Int) {
    target.removeAll()
    guard let small = compressed[index] else { return target.append(blocks[index]) }
    small.withBytes { bytes in
      // A block that does not expand leaves fewer bytes, which `isRestored` finds.
      _ = BlockCodec.expand(bytes, rawCount: blocks[index].count, to: &target)
    }
  }

  /// Whether every block comes back as it was.
  var isRestored: Bool {
    blocks.indices.allSatisfy { index in
      expand(index)
      return target.bytes == blocks[index]
    }
  }

  func checksum() -> Int {
    blocks.reduce(0) { $0 ^ Int(truncatingIfNeeded: Checksum.of($1)) }
  }
}
