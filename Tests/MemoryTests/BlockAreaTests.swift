// SPDX-License-Identifier: Apache-2.0
import Memory
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct BlockAreaTests {
  @Test(arguments: 0..<40) func `Blocks stand apart, and all room comes back`(seed: Int) throws {
    var random = RandomSource(seed)
    let granules = random.number(1...200)
    let granule = 64
    let segment = Segment(byteCount: granules * granule)
    let area = BlockArea(segment, granuleBytes: granule)
    var held: [(block: Block, bytes: [UInt8])] = []
    var refused = 0
    for _ in 0..<600 {
      if random.number(0...2) > 0 {
        let bytes = random.bytes(random.number(1...granule * 9))
        if let block = bytes.withBytes({ area.block(copying: $0, records: 1) }) {
          held.append((block, bytes))
        } else {
          refused += 1
          // Refused only where no run of free granules is long enough.
          let wanted = (bytes.count + granule - 1) / granule
          let taken = held.map { entry -> Range<Int> in
            let offset = (entry.block.offset(in: segment) ?? 0) / granule
            return offset..<offset + entry.block.capacity / granule
          }.sorted { $0.lowerBound < $1.lowerBound }
          var end = 0
          for range in taken + [granules..<granules] {
            #expect(range.lowerBound - end < wanted, "seed \(seed)")
            end = range.upperBound
          }
        }
      } else if !held.isEmpty {
        held.remove(at: random.number(0...(held.count - 1)))
      }
      for (block, bytes) in held.suffix(8) { #expect(Array(block.bytes) == bytes) }
    }
    for (block, bytes) in held { #expect(Array(block.bytes) == bytes) }
    #expect(granules > 150 || refused > 0)
    held = []
    #expect(area.takenBytes == 0)
    #expect(
      [UInt8](repeating: 7, count: area.byteCount).withBytes {
        area.block(copying: $0, records: 1) != nil
      })
  }

  @Test func `Memory is reserved in steps, before it is used, and a lack of it is told`() {
    let segment = Segment(byteCount: 64 << 10)
    let reserved = Mutex<[Range<Int>]>([])
    let area = BlockArea(segment, granuleBytes: 4096, step: 8192) { range in
      reserved.withLock { ranges in
        guard range.upperBound <= 48 << 10 else { return false }
        ranges.append(range)
        return true
      }
    }
    #expect(reserved.withLock { $0 }.isEmpty)
    var held: [Block] = []
    for size in [1, 5000, 20_000] {
      let block = [UInt8](repeating: 1, count: size).withBytes {
        area.block(copying: $0, records: 1)
      }
      if let block { held.append(block) }
      let end = reserved.withLock { $0.last?.upperBound ?? 0 }
      for block in held { #expect((block.offset(in: segment) ?? .max) + block.capacity <= end) }
    }
    #expect(held.count == 3)
    let large = [UInt8](repeating: 1, count: 40_000)
    #expect(large.withBytes { area.block(copying: $0, records: 1) } == nil)
    held = []
    #expect(large.withBytes { area.block(copying: $0, records: 1) } != nil)
    let ranges = reserved.withLock { $0 }
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
  }

  @Test func `A block knows its segment alone`() throws {
    let segment = Segment(byteCount: 128 << 10)
    let area = BlockArea(segment, from: 64 << 10, granuleBytes: 64 << 10)
    let block = try #require(area.block(for: 0))
    #expect(block.offset(in: segment) == 64 << 10)
    #expect(block.offset(in: Segment(byteCount: 128 << 10)) == nil)
    #expect(BlockPool().block().offset(in: segment) == nil)
    #expect(area.block(for: 0) == nil)
  }

  /// Gives out a few blocks, and then none.
  private final class Meagre: BlockSupply {
    private let pool = BlockPool()
    private var left: Int
    init(_ left: Int) { self.left = left }

    func block(for bytes: Int) -> Block? {
      left -= 1
      return left >= 0 ? pool.block(for: bytes) : nil
    }
  }

  @Test func `A writer without a block says which record it could not take`() {
    let writer = PartitionWriter(partitions: 2, pool: Meagre(1))
    let value = [UInt8](repeating: 1, count: 1000)
    for _ in 0..<200 {
      value.withBytes { writer.append(key: Bytes("k"), value: $0, partition: 1) }
    }
    #expect(writer.refusedBytes == 1004)
    let blocks = writer.takeBlocks()
    #expect(blocks[0].isEmpty)
    #expect(blocks[1].map(\.records) == [65])
  }

  @Test func `Full blocks leave before the others`() {
    let writer = PartitionWriter(partitions: 2, pool: BlockPool())
    let value = [UInt8](repeating: 1, count: 1000)
    for index in 0..<100 {
      value.withBytes {
        writer.append(key: Bytes("k"), value: $0, partition: index % 4 == 0 ? 0 : 1)
      }
    }
    #expect(writer.takeFullBlocks().map(\.count) == [0, 1])
    #expect(writer.takeBlocks().map(\.count) == [1, 1])
    #expect(writer.refusedBytes == nil)
  }
}
