// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct GroupTests {
  /// Pairs of few keys, some with zero bytes or empty.
  private static func pairs(_ seed: Int) -> [(String, Int)] {
    var random = RandomSource(seed)
    let keys = ["", "a", "a\0", "a\0b", "b", "\0", "ab", "\u{1}", "a\u{1}", "a key of some bytes"]
    let count = [0, 1, 40, 3000][seed % 4]
    return (0..<count).map { _ in (keys[random.number(0...9)], random.number(-20...20)) }
  }

  private static func wanted(_ pairs: [(String, Int)]) -> [(key: String, values: [Int])] {
    Dictionary(grouping: pairs) { $0.0 }
      .sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
      .map { ($0.key, $0.value.map(\.1)) }
  }

  @Test(arguments: 0..<8) func `All values of a key come together, in the order of the input`(
    seed: Int
  ) throws {
    let pairs = Self.pairs(seed)
    let result = try runOnAnyThreads { flow in
      flow.read(.values(pairs)).keyed { $0 }
        .group { key, values in ["\(key) \(values.count)"] + values.map { "\($0)" } }
        .write(.result("result"))
    }
    let found = try result.pairs(as: (String, [String]).self)
    let wanted = Self.wanted(pairs)
    #expect(found.map(\.0) == wanted.map(\.key))
    #expect(
      found.map(\.1)
        == wanted.map { ["\($0.key) \($0.values.count)"] + $0.values.map { "\($0)" } })
  }

  @Test(arguments: 0..<8) func `Values come in an order of their own, equal ones as they stood`(
    seed: Int
  ) throws {
    let pairs = Self.pairs(seed).enumerated().map { ($1.0, Tuple($1.1, $0)) }
    let result = try runOnAnyThreads { flow in
      flow.read(.values(pairs)).keyed { $0 }
        .group(orderedBy: { $0.parts.0.magnitude }) { _, values in
          values.flatMap { [$0.parts.0, $0.parts.1] }
        }
        .write(.result("result"))
    }
    let found = try result.pairs(as: (String, [Int]).self)
    let groups = Dictionary(grouping: pairs) { $0.0 }
    #expect(Set(found.map(\.0)) == Set(groups.keys))
    for (key, values) in found {
      // Swift's sort is stable.
      let sorted = try #require(groups[key]).map(\.1).sorted {
        $0.parts.0.magnitude < $1.parts.0.magnitude
      }
      #expect(values == sorted.flatMap { [$0.parts.0, $0.parts.1] })
    }
  }

  @Test(arguments: 0..<4) func `A group becomes any number of pairs with keys of their own`(
    seed: Int
  ) throws {
    let pairs = Self.pairs(seed)
    let result = try runOnAnyThreads { flow in
      let changes = flow.read(.values(pairs)).keyed { $0 }
        .group(orderedBy: { $0 }, to: (Int, String).self) { key, values, emit in
          var last: Int?
          for value in values where value != last {
            if value % 2 == 0 { emit(value, key) }
            last = value
          }
        }
      changes.write(.result("result"))
      changes.countByKey().write(.result("counts"))
    }
    let wanted = Self.wanted(pairs).flatMap { group in
      Set(group.values).filter { $0 % 2 == 0 }.map { ($0, group.key) }
    }
    let found = try result.pairs(as: (Int, String).self)
    #expect(found.map(\.0) == wanted.map(\.0).sorted())
    #expect(Set(found.map { "\($0.0) \($0.1)" }) == Set(wanted.map { "\($0.0) \($0.1)" }))
    let counts = Dictionary(grouping: wanted) { $0.0 }.mapValues(\.count)
    let counted = try result.pairs("counts", as: (Int, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: counted) == counts)
  }

  @Test func `A group can be gone through again, and left early`() throws {
    let result = try run { flow in
      flow.read(.values(Array(1...100))).keyed { ($0 % 2 == 0, $0) }
        .group { _, values in
          let mean = values.reduce(0, +) / values.count
          return Tuple(mean, values.first { $0 > mean } ?? 0)
        }
        .write(.result("result"))
    }
    let found = try result.pairs(as: (Bool, Tuple<Int, Int>).self)
    #expect(found.map { $0.1.parts.0 } == [50, 51])
    #expect(found.map { $0.1.parts.1 } == [51, 52])
  }

  @Test func `An error in a group names the operator and the key`() throws {
    struct Odd: Error, CustomStringConvertible { let description = "odd indeed" }
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values(["x", "y", "z"])).keyed { ($0, 1) }
          .group { key, values -> Int in
            if key == "y" { throw Odd() }
            return values.count
          }
          .write(.result("result"))
      }
    }
    let text = try "\(#require(error))"
    #expect(text.contains("odd indeed") && text.contains("GroupTests.swift"))
    #expect(text.contains("y"))
  }

  @Test(arguments: 0..<4) func `Of equal elements one is kept`(seed: Int) throws {
    let pairs = Self.pairs(seed)
    let result = try runOnAnyThreads { flow in
      flow.read(.values(pairs)).map { $0.0 }.distinct().write(.result("texts"))
      flow.read(.values(pairs)).map { $0.1 }.distinct().map { $0 * 2 }.sorted()
        .write(.result("numbers"))
    }
    #expect(try result.keys("texts", as: String.self) == Self.wanted(pairs).map(\.key))
    #expect(
      try result.keys("numbers", as: Int.self) == Set(pairs.map { $0.1 * 2 }).sorted())
  }

  @Test func `The pairs that rank highest by something`() throws {
    let words = ["pear", "fig", "banana", "apple", "kiwi", "cherry"]
    let result = try runOnAnyThreads { flow in
      flow.read(.values(words)).keyed { ($0, $0) }.top(3, by: { $0.utf8.count })
        .write(.result("result"))
    }
    let found = try result.pairs(as: (String, String).self)
    #expect(found.map(\.0) == ["banana", "cherry", "apple"])
  }
}
