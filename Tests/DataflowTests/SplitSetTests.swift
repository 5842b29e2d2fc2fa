// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import Dataflow

@Suite struct SplitSetTests {
  private func random(_ random: inout RandomSource) -> (SplitSet, Set<Int>) {
    let first = random.number(0...8)
    var splits = SplitSet(first: first)
    var plain = Set(0..<first)
    for _ in 0..<random.number(0...20) {
      let split = random.number(0...24)
      #expect(splits.insert(split) == plain.insert(split).inserted)
    }
    return (splits, plain)
  }

  private func expect(_ splits: SplitSet, equals plain: Set<Int>, _ seed: Int) {
    #expect(splits.count == plain.count, "seed \(seed)")
    for split in 0..<30 {
      #expect(splits.contains(split) == plain.contains(split), "seed \(seed), split \(split)")
    }
    #expect(splits.frontier == (0...30).first { !plain.contains($0) }, "seed \(seed)")
  }

  @Test("A set of splits has what a plain set has, and its frontier is the first that is not in")
  func inserts() {
    for seed in 1...300 {
      var source = RandomSource(seed)
      let (splits, plain) = random(&source)
      expect(splits, equals: plain, seed)
    }
  }

  @Test("An intersection has what both have, whichever way round")
  func intersections() {
    for seed in 1...300 {
      var source = RandomSource(seed)
      let (one, plainOne) = random(&source)
      let (two, plainTwo) = random(&source)
      expect(one.intersection(two), equals: plainOne.intersection(plainTwo), seed)
      #expect(one.intersection(two) == two.intersection(one), "seed \(seed)")
    }
  }

  @Test("A set is read as it was written, and not when cut off")
  func coding() throws {
    for seed in 1...100 {
      var source = RandomSource(seed)
      let (splits, _) = random(&source)
      let bytes = Samples.bytes { $0.append(splits) }
      let read = try bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        return try reader.splitSet()
      }
      #expect(read == splits, "seed \(seed)")
      for count in bytes.indices {
        #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count)") {
          try Array(bytes[..<count]).withBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try reader.splitSet()
          }
        }
      }
    }
  }

  @Test("A damaged set with the greatest of all numbers is refused")
  func greatest() {
    let bytes = Samples.bytes { out in
      out.appendVarint(UInt64(Int.max))
      out.append(list: [Int.max]) { $0.appendVarint(UInt64($1)) }
    }
    #expect(throws: ByteReader.Damaged.self) {
      try bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        _ = try reader.splitSet()
      }
    }
  }
}
