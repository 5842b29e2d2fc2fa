// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct MergeTests {
  private func sorted(_ pairs: [Pair]) -> RecordOrder {
    let order = RecordOrder(pairs.blocks())
    order.sort()
    return order
  }

  private func merged(_ orders: [RecordOrder], _ ranges: [Range<Int>]) -> [Pair] {
    let merge = Merge(orders.map { .referenced($0) }, ranges: ranges)
    var found: [Pair] = []
    while let frame = merge.next() { found.append(Pair(frame)) }
    #expect(merge.next() == nil)
    return found
  }

  @Test(arguments: 0...40) func `Merging any number of runs is sorting all of them`(count: Int) {
    var random = RandomSource(count)
    let alphabet: [UInt8] = count % 2 == 0 ? [0, 0xFF] : Array(0...255)
    let runs = (0..<count).map { run in
      (0..<random.number(0...40)).map { number in
        Pair(random.bytes(random.number(0...11), of: alphabet), number: run * 1000 + number)
      }
    }
    let orders = runs.map(sorted)
    let whole = merged(orders, orders.map { 0..<$0.count })
    // Equal keys come in the order of the runs, and of writing inside of a run.
    #expect(whole == runs.joined().stablySorted)
    let parts = orders.map { order in
      let lower = random.number(0...order.count)
      return lower..<random.number(lower...order.count)
    }
    let wanted = zip(orders, parts).flatMap { order, range in range.map { Pair(order.frame($0)) } }
    #expect(merged(orders, parts) == wanted.stablySorted)
  }

  @Test func `Keys of full bytes are not taken for the end`() {
    let full = [UInt8](repeating: 0xFF, count: 8)
    let runs = [
      [Pair(full, [1]), Pair(full + [0], [2])], [Pair(full, [3])], [], [Pair([0xFF], [4])],
    ]
    let orders = runs.map(sorted)
    let found = merged(orders, orders.map { 0..<$0.count })
    #expect(found.map(\.value) == [[4], [1], [3], [2]])
  }

  @Test(arguments: 0..<20) func `Splitters cut at keys, in order, evenly`(seed: Int) {
    var random = RandomSource(seed)
    let partitions = [1, 2, 3, 32][seed % 4]
    let samples = (0..<random.number(0...500)).map { _ in
      random.bytes(random.number(0...10), of: seed < 10 ? Array(0...255) : [0, 1])
    }
    let splitters = Splitters(samples: samples, partitions: partitions)
    let probes =
      samples + samples.map { $0 + [0] } + (0..<100).map { _ in random.bytes(random.number(0...9)) }
    let sorted = probes.sorted { $0.lexicographicallyPrecedes($1) }
    let places = sorted.map { $0.withBytes { splitters.partition(of: $0) } }
    #expect(places == places.sorted())
    #expect(places.allSatisfy { (0..<partitions).contains($0) })
    let distinct = Set(samples).count
    if distinct == samples.count, samples.count >= 10 * partitions {
      let sampled = samples.map { $0.withBytes { splitters.partition(of: $0) } }
      for partition in 0..<partitions {
        let share = sampled.count { $0 == partition }
        #expect(share >= samples.count / partitions - 1 && share <= samples.count / partitions + 1)
      }
    }
  }

  @Test func `Without samples there is one range, and equal samples cut once`() {
    let none = Splitters(samples: [], partitions: 32)
    #expect(none.partition(of: Bytes("any")) == 0)
    let same = Splitters(samples: Array(repeating: [5], count: 100), partitions: 32)
    #expect([4, 0xFF].withBytes { same.partition(of: $0) } == 0)
    #expect([5].withBytes { same.partition(of: $0) } == 1)
    #expect([0xFF].withBytes { same.partition(of: $0) } == 1)
  }
}
