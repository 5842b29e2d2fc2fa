// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct SampleTests {
  private static func sample(
    _ elements: [Int], _ fraction: Double, seed: UInt64 = 0
  ) throws -> [Int] {
    try runOnAnyThreads { flow in
      flow.read(.values(elements)).sample(fraction, seed: seed).write(.result("result"))
    }.values(as: Int.self)
  }

  @Test(arguments: [0, 0.01, 0.3, 0.9, 1]) func `About as many are kept as are wanted`(
    fraction: Double
  ) throws {
    let found = try Self.sample(Array(0..<20_000), fraction).count
    // Six standard deviations of the binomial distribution.
    let spread = 6 * (20_000 * fraction * (1 - fraction)).squareRoot()
    #expect(abs(Double(found) - 20_000 * fraction) <= spread)
  }

  @Test func `The same elements are kept in any order, and others with another seed`() throws {
    let elements = Array(0..<3000)
    let found = try Self.sample(elements, 0.2)
    #expect(try Self.sample(elements.reversed(), 0.2) == found.reversed())
    #expect(try Self.sample(elements, 0.2, seed: 1) != found)
    // A larger sample has all of a smaller one.
    #expect(Set(found).isSubset(of: try Self.sample(elements, 0.4)))
    #expect(try Self.sample([7, 7, 7], 0.5).count % 3 == 0)
  }

  @Test func `A key is kept with all of its values, and pairs are emitted of pairs`() throws {
    let pairs = (0..<5000).map { ($0 % 500, $0) }
    let result = try runOnAnyThreads { flow in
      let keyed = flow.read(.values(pairs)).keyed { $0 }
      keyed.sample(0.3, seed: 4).write(.result("kept"))
      keyed.flatMap { key, value, emit in
        if key % 2 == 0 { emit("\(value % 7)", key) }
        emit("all", 1)
      }
      .reduce(+).write(.result("sums"))
    }
    let kept = Dictionary(grouping: try result.pairs("kept", as: (Int, Int).self)) { $0.0 }
    #expect((100...200).contains(kept.count))
    #expect(kept.values.allSatisfy { $0.count == 10 })
    var sums: [String: Int] = ["all": 5000]
    for (key, value) in pairs where key % 2 == 0 { sums["\(value % 7)", default: 0] += key }
    let found = try result.pairs("sums", as: (String, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: found) == sums)
  }
}
