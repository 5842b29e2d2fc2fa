// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing
import Vocabulary

@Suite struct BlockTests {
  @Test(arguments: [0, 1, 2, 126, 127, 128, 129, 16_383, 16_384, 70_000])
  func `A frame has the size it was given, and reads back`(keyCount: Int) throws {
    var random = RandomSource(keyCount)
    for valueCount in [0, 1, 127, 128, 129, 16_384] {
      let pair = Pair(random.bytes(keyCount), random.bytes(valueCount))
      var buffer = ByteBuffer()
      pair.key.withBytes { key in
        pair.value.withBytes { buffer.appendFrame(key: key, value: $0) }
      }
      let bytes = Array(buffer.bytes)
      #expect(bytes.count == Frame.size(keyCount: keyCount, valueCount: valueCount))
      try bytes.withBytes { view in
        var reader = ByteReader(view)
        let checked = try reader.frame()
        #expect(Pair(checked) == pair && checked.size == bytes.count && reader.isAtEnd)
        let trusted = unsafe Frame.read(view.base)
        #expect(Pair(trusted) == pair && trusted.size == bytes.count)
      }
      for cut in [0, 1, 2, bytes.count - 1] where cut < bytes.count {
        #expect(throws: ByteReader.Damaged.self) {
          try Array(bytes[..<cut]).withBytes {
            var reader = ByteReader($0)
            _ = try reader.frame()
          }
        }
      }
    }
  }

  @Test(arguments: 0..<8) func `Partitions keep the order of writing`(seed: Int) {
    var random = RandomSource(seed)
    let partitions = [1, 2, 7, 32][seed % 4]
    let writer = PartitionWriter(partitions: partitions, pool: BlockPool())
    for _ in 0..<2 {
      var wanted = [[Pair]](repeating: [], count: partitions)
      for _ in 0..<200 {
        let partition = random.number(0...(partitions - 1))
        let isLarge = random.number(0...50) == 0
        let pair = Pair(
          random.bytes(random.number(0...40)),
          [UInt8](repeating: 7, count: isLarge ? Limits.blockBytes + 1 : random.number(0...300)))
        wanted[partition].append(pair)
        pair.key.withBytes { key in
          pair.value.withBytes { writer.append(key: key, value: $0, partition: partition) }
        }
      }
      let blocks = writer.takeBlocks()
      #expect(blocks.map(\.pairs) == wanted)
      #expect(blocks.map { $0.reduce(0) { $0 + $1.records } } == wanted.map(\.count))
      for block in blocks.joined() {
        #expect(block.count == block.bytes.count && block.count <= block.capacity)
      }
    }
    #expect(writer.takeBlocks().allSatisfy { $0.isEmpty })
  }

  @Test(arguments: -3...3) func `A record at the edge of a block fits`(difference: Int) {
    let room = Limits.blockBytes - Frame.size(keyCount: 1, valueCount: 20_000) + 20_001
    let pair = Pair([1], [UInt8](repeating: 5, count: room - 1 + difference))
    let pairs = [pair, Pair([2], [9]), pair]
    let blocks = pairs.blocks()
    #expect(blocks.pairs == pairs)
    #expect(blocks.reduce(0) { $0 + $1.records } == 3)
  }

  @Test func `Memory of a block is used again`() {
    let pool = BlockPool()
    var places: Set<UInt> = []
    for _ in 0..<500 {
      let block = pool.block()
      places.insert(unsafe UInt(bitPattern: block.bytes.base))
      #expect(block.capacity == Limits.blockBytes && block.records == 0)
    }
    #expect(places.count == 1)
  }

  @Test func `Blocks that are held at once stand apart`() {
    let pool = BlockPool()
    let count = 2 * Limits.slabBytes / Limits.blockBytes + 3
    let blocks = (0..<count).map { _ in pool.block() }
    let places = blocks.map { unsafe UInt(bitPattern: $0.bytes.base) }.sorted()
    for (one, next) in zip(places, places.dropFirst()) {
      #expect(next - one >= UInt(Limits.blockBytes))
    }
    #expect(pool.block(for: Limits.blockBytes + 1)?.capacity == Limits.blockBytes + 1)
  }

  @Test(arguments: [true, false]) func `Slices of a run are the run, one behind the other`(
    isOrdered: Bool
  ) {
    var random = RandomSource(3)
    let pairs = (0..<3000).map { Pair(random.bytes(random.number(0...20)), number: $0) }
    let blocks = pairs.blocks()
    let run: Run
    if isOrdered {
      let order = RecordOrder(blocks)
      order.sort()
      run = Run(ordered: .referenced(order))
    } else {
      run = Run(sequential: blocks)
    }
    #expect(run.records == pairs.count)
    #expect(run.bytes == blocks.reduce(0) { $0 + $1.count })
    for size in [1, 7, 1024, 3000] {
      var found: [Pair] = []
      for start in stride(from: 0, to: run.records, by: size) {
        let slice = RunSlice(run: run, range: start..<min(start + size, run.records))
        let before = found.count
        let count = slice.forEach { found.append(Pair($0)) }
        #expect(count == found.count - before && count == slice.range.count)
      }
      #expect(found == (isOrdered ? pairs.stablySorted : pairs))
    }
  }

  @Test(arguments: 0..<6) func `Compressed blocks expand, and only to their size`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(random.number(64...3000), of: [1, 2])
    var packed = ByteBuffer()
    let isPacked = bytes.withBytes { BlockCodec.compress($0, to: &packed) }
    guard BlockCodec.isAvailable else {
      #expect(!isPacked)
      return
    }
    #expect(isPacked)
    let stored = Array(packed.bytes)
    #expect(stored.count <= bytes.count - bytes.count / 8)
    for (count, isRight) in [
      (bytes.count, true), (bytes.count - 1, false), (bytes.count + 1, false),
    ] {
      var raw = ByteBuffer()
      let isExpanded = stored.withBytes { BlockCodec.expand($0, rawCount: count, to: &raw) }
      #expect(isExpanded == isRight)
      let expanded = Array(raw.bytes)
      if isRight { #expect(expanded == bytes) }
    }
  }

  @Test func `What hardly shrinks is not compressed`() {
    var random = RandomSource(9)
    let bytes = random.bytes(4096)
    var packed = ByteBuffer()
    let isPacked = bytes.withBytes { BlockCodec.compress($0, to: &packed) }
    let isEmpty = packed.bytes.isEmpty
    #expect(!isPacked && isEmpty)
  }
}
