// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct RecordOrderTests {
  /// Sorts, and holds everything that is promised against the naive order.
  private func check(_ keys: [[UInt8]]) {
    let pairs = keys.enumerated().map { Pair($0.element, number: $0.offset) }
    let order = RecordOrder(pairs.blocks())
    #expect(order.count == pairs.count)
    order.sort()
    let wanted = pairs.stablySorted
    let found = order.pairs
    #expect(found == wanted)
    checkLowerBounds(order, wanted)
  }

  private func checkLowerBounds(_ order: RecordOrder, _ sorted: [Pair]) {
    let step = max(1, sorted.count / 50)
    for index in stride(from: 0, to: sorted.count, by: step) {
      let key = sorted[index].key
      for probe in [key, key + [0], Array(key.dropLast()), key + [0xFF]] {
        let wanted = sorted.firstIndex { !$0.key.lexicographicallyPrecedes(probe) }
        #expect(probe.withBytes { order.lowerBound($0) } == wanted ?? sorted.count)
      }
    }
    #expect(order.lowerBound(Bytes("")) == 0)
  }

  @Test(arguments: 0..<24) func `Random keys are sorted by their bytes, stably`(seed: Int) {
    var random = RandomSource(seed)
    let alphabets: [[UInt8]] = [Array(0...255), [0, 1], [0], [0, 0xFF], [0x61, 0x62, 0]]
    let lengths = [0...3, 0...8, 7...9, 0...20, 8...8, 15...17]
    let alphabet = alphabets[seed % alphabets.count]
    let length = lengths[seed % lengths.count]
    check(
      (0..<random.number(0...1200)).map { _ in random.bytes(random.number(length), of: alphabet) })
  }

  @Test(arguments: 0..<20) func `Parts that are in order each are merged, stably`(seed: Int) {
    var random = RandomSource(seed)
    let alphabet: [UInt8] = seed % 2 == 0 ? [0, 1] : Array(0...255)
    // Up to 8 parts are merged; more are sorted. Some are empty.
    let keys = (0...(seed / 2)).flatMap { _ in
      (0..<random.number(0...200)).map { _ in random.bytes(random.number(0...11), of: alphabet) }
        .sorted { $0.lexicographicallyPrecedes($1) }
    }
    check(keys)
  }

  @Test(arguments: [0, 1, 2, 31, 32, 33, 34, 100, 600])
  func `Equal keys keep their order`(count: Int) {
    for key in [[], [0], Array("same key, longer than eight bytes".utf8)] as [[UInt8]] {
      check([[UInt8]](repeating: key, count: count))
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 15, 16, 17, 40])
  func `Prefixes of one another come before what they begin`(common: Int) {
    var random = RandomSource(common)
    let stem = random.bytes(common)
    var keys: [[UInt8]] = []
    for _ in 0..<6 {
      for zeros in 0...20 { keys.append(stem + [UInt8](repeating: 0, count: zeros)) }
      for count in 0...common { keys.append(Array(stem[..<count])) }
    }
    keys.shuffle(using: &random)
    check(keys)
  }

  @Test(arguments: [8, 64, 100]) func `A long common beginning is sorted by what follows`(
    common: Int
  ) {
    var random = RandomSource(common)
    let stem = random.bytes(common, of: [0, 0x61])
    check((0..<300).map { _ in stem + random.bytes(random.number(0...12), of: [0, 1, 0xFF]) })
  }

  @Test func `Zero bytes at the end count`() {
    let keys = ["a", "a\0", "a\0\0", "a", "a\0\0\0\0\0\0\0", "a\0\0\0\0\0\0\0\0", "a\0", ""]
    check((0..<10).flatMap { _ in keys.map { Array($0.utf8) } })
  }

  @Test func `A hundred thousand records over many blocks are sorted`() throws {
    let count = 100_000
    var random = RandomSource(77)
    let writer = PartitionWriter(partitions: 1, pool: BlockPool())
    for number in 0..<count {
      // Keys of 0 to 9 bytes, many of them more than once.
      let bits = random.next()
      let key = Array("\(bits >> 40)".utf8.prefix(Int(bits % 10)))
      key.withBytes { key in
        Array("\(number)".utf8).withBytes { writer.append(key: key, value: $0, partition: 0) }
      }
    }
    let order = RecordOrder(writer.takeBlocks()[0])
    #expect(order.blocks.count > 10 && order.count == count)
    order.sort()
    // Keys ascend, and among equals the numbers do; every number is there once.
    var seen = [Bool](repeating: false, count: count)
    var misplaced = 0
    var last: (key: Bytes, number: Int)?
    for index in 0..<count {
      let frame = order.frame(index)
      let number = try #require(Int(frame.value))
      seen[number] = true
      if let last, !(last.key < frame.key || (last.key == frame.key && last.number < number)) {
        misplaced += 1
      }
      last = (frame.key, number)
    }
    #expect(misplaced == 0)
    #expect(!seen.contains(false))
  }

  @Test func `Records are in the order of writing before they are sorted`() {
    let pairs = [Pair([3], [1]), Pair([1], [2]), Pair([2], [3])]
    let order = RecordOrder(pairs.blocks())
    #expect(order.pairs == pairs)
    #expect(RecordOrder([]).count == 0)
  }
}
