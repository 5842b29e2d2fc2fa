// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct KeyHashTests {
  private func hash(_ bytes: [UInt8], seed: UInt64) throws -> UInt64 {
    try #require(GuardedMemory(bytes)).withBytes {
      unsafe keyHash($0.base, $0.count, seed: seed)
    }
  }

  @Test(arguments: 0...100) func `Equal bytes hash alike wherever they stand, other bytes do not`(
    count: Int
  ) throws {
    var random = RandomSource(count)
    let bytes = random.bytes(count)
    let one = try hash(bytes, seed: 7)
    #expect(bytes.withBytes { unsafe keyHash($0.base, $0.count, seed: 7) } == one)
    #expect(try hash(bytes, seed: 8) != one)
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1 << UInt8(random.number(0...7))
      #expect(try hash(other, seed: 7) != one)
    }
    #expect(try hash(bytes + [0], seed: 7) != one)
  }

  private func shortHash(_ bytes: [UInt8], _ hash: ShortKeyHash) throws -> UInt64 {
    try #require(GuardedMemory(bytes)).withBytes { unsafe hash($0.base, $0.count) }
  }

  @Test func `Short keys of one length never share a hash`() throws {
    let hash = ShortKeyHash(seed: 3)
    var hashes: Set<UInt64> = []
    for number in 0..<65_536 {
      let key = [UInt8(truncatingIfNeeded: number), UInt8(truncatingIfNeeded: number >> 8)]
      hashes.insert(key.withBytes { unsafe hash($0.base, $0.count) })
    }
    #expect(hashes.count == 65_536)
    // Slots are the low bits: a fair spread leaves about 1/e of the slots empty.
    let slots = Set(hashes.map { $0 & 0xFFFF }).count
    #expect((40_000...43_000).contains(slots))
  }

  @Test(arguments: 0...8) func `Short keys hash by their bytes alone, wherever they stand`(
    count: Int
  ) throws {
    var random = RandomSource(count)
    let hash = ShortKeyHash(seed: 5)
    for _ in 0..<100 {
      let bytes = random.bytes(count)
      // At the end of memory, and with other bytes behind it.
      let one = try shortHash(bytes, hash)
      let buffer = bytes + random.bytes(8)
      #expect(buffer.withBytes { unsafe hash($0.base, count) } == one)
      for index in bytes.indices {
        var other = bytes
        other[index] ^= 1 << UInt8(random.number(0...7))
        #expect(try shortHash(other, hash) != one)
      }
    }
    #expect(try shortHash([1, 2], ShortKeyHash(seed: 6)) != shortHash([1, 2], hash))
  }

  @Test func `Runs of zeros hash by their length`() throws {
    let hashes = try (0...100).map { try hash([UInt8](repeating: 0, count: $0), seed: 0) }
    #expect(Set(hashes).count == 101)
  }

  @Test func `Partitions are the same in every process`() throws {
    let words = ["", "a", "ab", "abcd", "abcdefgh", "abcdefghijklmnop", "abcdefghijklmnopq"]
    let partitions = words.map { Array($0.utf8).withBytes { stablePartition($0, mask: 31) } }
    for (word, partition) in zip(words, partitions) {
      let full = try hash(Array(word.utf8), seed: 0)
      #expect(partition == Int(full & 31))
      #expect(Array(word.utf8).withBytes { stablePartition($0, mask: 0) } == 0)
    }
    // Written down: a change would move the keys of every saved plan.
    #expect(partitions == [1, 6, 29, 26, 30, 14, 30])
  }

  @Test func `Consecutive numbers as keys spread over all partitions`() {
    var counts = [Int](repeating: 0, count: 32)
    for number in 0..<32_000 {
      let key = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
      counts[key.withBytes { stablePartition($0, mask: 31) }] += 1
    }
    // A fair spread gives 1,000 each with a standard deviation of 31.
    #expect(counts.allSatisfy { (800...1200).contains($0) })
  }
}
