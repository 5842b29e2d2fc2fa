// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing
import Vocabulary

@Suite struct BlockSupplyTests {
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

  @Test func `A few records take no more memory than they need, and many stay where they are`() {
    let writer = PartitionWriter(partitions: 2, pool: BlockPool())
    let value = [UInt8](repeating: 1, count: 996)
    for index in 0..<20 {
      value.withBytes { writer.append(key: Bytes("k"), value: $0, partition: index < 2 ? 0 : 1) }
    }
    let blocks = writer.takeBlocks()
    #expect(blocks.map { $0.map(\.capacity) } == [[2000], [Limits.blockBytes]])
    #expect(blocks[0].map(\.records) == [2])
    #expect(blocks[0][0].bytes.count == 2000)
  }
}
