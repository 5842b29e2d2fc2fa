// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct OrderedRecordsTests {
  @Test(arguments: 0..<8) func `Places are found one behind the other, as by going through all`(
    seed: Int
  ) {
    var random = RandomSource(seed)
    // Up to a dozen blocks, with keys that differ or are often equal.
    let keys = (0..<[0, 1, 300, 3000, 3000, 3000, 3000, 900][seed]).map { _ in
      seed % 2 == 0 ? [UInt8(random.number(0...9))] : random.bytes(random.number(0...5))
    }
    let pairs = keys.map { Pair($0, random.bytes(random.number(0...500))) }.stablySorted
    let blocks = pairs.blocks()
    let order = RecordOrder(blocks)
    for records in [OrderedRecords.placed(PlacedRecords(blocks)), .referenced(order)] {
      for step in [1, 3, 40, 1000] {
        var from = 0
        let probes = stride(from: 0, to: pairs.count, by: step).map { pairs[$0].key }
        for probe in [[]] + probes + [[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]] {
          let wanted = pairs.firstIndex { !$0.key.lexicographicallyPrecedes(probe) }
          let found = probe.withBytes { records.lowerBound($0, from: from) }
          #expect(found == wanted ?? pairs.count)
          // A little before it, so that the search has some way to go.
          from = max(0, found - random.number(0...600))
        }
      }
    }
  }
}
