// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct JoinTests {
  /// Two sides with keys in common and keys of their own; one or both may be empty.
  private static func sides(_ seed: Int) -> (left: [(String, Int)], right: [(String, String)]) {
    var random = RandomSource(seed)
    let sizes = [(0, 0), (0, 30), (30, 0), (50, 50), (2000, 20), (20, 2000), (700, 700)]
    let (left, right) = sizes[seed % sizes.count]
    func key(_ random: inout RandomSource, _ prefix: String) -> String {
      let number = random.number(0...60)
      return number == 0 ? "" : number < 40 ? "k\(number)" : "\(prefix)\(number)"
    }
    return (
      (0..<left).map { (key(&random, "l"), $0) },
      (0..<right).map { (key(&random, "r"), "v\($0)") }
    )
  }

  /// Keys of both in order, with the values of each side in the order of the input.
  private static func meetings(
    _ sides: (left: [(String, Int)], right: [(String, String)])
  ) -> [(key: String, left: [Int], right: [String])] {
    let keys = Set(sides.left.map(\.0) + sides.right.map(\.0))
    return keys.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { key in
      (key, sides.left.filter { $0.0 == key }.map(\.1), sides.right.filter { $0.0 == key }.map(\.1))
    }
  }

  @Test(arguments: 0..<14) func `Joins make what nested loops make, in the same order`(
    seed: Int
  ) throws {
    let sides = Self.sides(seed)
    let result = try runOnAnyThreads { flow in
      let left = flow.read(.values(sides.left)).keyed { $0 }
      let right = flow.read(.values(sides.right)).keyed { $0 }
      left.join(right) { "\($0) \($1) \($2)" }.write(.result("inner"))
      left.leftJoin(right) { "\($0) \($1) \($2 ?? "-")" }.write(.result("left"))
      left.rightJoin(right) { "\($0) \($1 ?? -1) \($2)" }.write(.result("right"))
      left.fullJoin(right) { "\($0) \($1 ?? -1) \($2 ?? "-")" }.write(.result("full"))
      left.coGroup(right) { key, own, others in
        ["\(key) \(own.count) \(others.count)"] + own.map { "\($0)" } + others.map { $0 }
      }.write(.result("groups"))
    }
    var inner: [String] = []
    var left: [String] = []
    var right: [String] = []
    var full: [String] = []
    var groups: [[String]] = []
    for (key, own, others) in Self.meetings(sides) {
      for value in own {
        for other in others { inner.append("\(key) \(value) \(other)") }
        for other in others.isEmpty ? ["-"] : others { left.append("\(key) \(value) \(other)") }
      }
      for value in own.isEmpty ? [-1] : own {
        for other in others { right.append("\(key) \(value) \(other)") }
        for other in others.isEmpty ? ["-"] : others { full.append("\(key) \(value) \(other)") }
      }
      groups.append(["\(key) \(own.count) \(others.count)"] + own.map { "\($0)" } + others)
    }
    #expect(try result.pairs("inner", as: (String, String).self).map(\.1) == inner)
    #expect(try result.pairs("left", as: (String, String).self).map(\.1) == left)
    #expect(try result.pairs("right", as: (String, String).self).map(\.1) == right)
    #expect(try result.pairs("full", as: (String, String).self).map(\.1) == full)
    #expect(try result.pairs("groups", as: (String, [String]).self).map(\.1) == groups)
  }

  @Test(arguments: 3..<7) func `Joins emit pairs with other keys`(seed: Int) throws {
    let sides = Self.sides(seed)
    let result = try runOnAnyThreads { flow in
      let left = flow.read(.values(sides.left)).keyed { $0 }
      let right = flow.read(.values(sides.right)).keyed { $0 }
      left.join(right) { _, own, other, emit in emit(other, own) }
        .reduce(+).write(.result("sums"))
      left.coGroup(right, to: (Int, Int).self) { _, own, others, emit in
        emit(own.count, others.count)
      }.reduce(+).write(.result("counts"))
    }
    var sums: [String: Int] = [:]
    var counts: [Int: Int] = [:]
    for (_, own, others) in Self.meetings(sides) {
      for other in others where !own.isEmpty { sums[other, default: 0] += own.reduce(0, +) }
      counts[own.count, default: 0] += others.count
    }
    let found = try result.pairs("sums", as: (String, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: found) == sums)
    let counted = try result.pairs("counts", as: (Int, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: counted) == counts)
  }

  @Test func `Results of stages meet sources, other results and themselves`() throws {
    let pairs = Self.sides(6).left
    let result = try runOnAnyThreads { flow in
      let all = flow.read(.values(pairs)).keyed { $0 }
      let sums = all.reduce(+)
      let counts = all.countByKey()
      sums.join(counts) { _, sum, count in Double(sum) / Double(count) }.write(.result("means"))
      all.filter { _, value in value % 2 == 0 }
        .join(sums.mapValues { $0 + 1 }) { _, value, sum in value + sum }
        .write(.result("even"))
      sums.join(sums) { $1 + $2 }.write(.result("twice"))
    }
    let groups = Dictionary(grouping: pairs) { $0.0 }.mapValues { $0.map(\.1) }
    let means = try result.pairs("means", as: (String, Double).self)
    #expect(
      Dictionary(uniqueKeysWithValues: means)
        == groups.mapValues { Double($0.reduce(0, +)) / Double($0.count) })
    let twice = try result.pairs("twice", as: (String, Int).self)
    #expect(
      Dictionary(uniqueKeysWithValues: twice) == groups.mapValues { 2 * $0.reduce(0, +) })
    let even = try result.pairs("even", as: (String, Int).self)
    let wanted = groups.flatMap { key, values in
      values.filter { $0 % 2 == 0 }.map { "\(key) \($0 + values.reduce(0, +) + 1)" }
    }
    #expect(even.map { "\($0.0) \($0.1)" }.sorted() == wanted.sorted())
  }

  @Test func `A union is one dataset after the other, whatever they are made of`() throws {
    let result = try runOnAnyThreads { flow in
      let low = flow.read(.values(Array(1...30)))
      let high = flow.read(.values(Array(100...120))).map { $0 * 2 }
      let sorted = flow.read(.values([7, 5, 6])).sorted()
      let all = low.union(high).union(sorted.union(low.filter { $0 > 28 }))
      all.map { $0 + 1 }.write(.result("all"))
      all.sorted().write(.result("sorted"))
      let even = low.keyed { ($0 % 2 == 0, $0) }
      even.union(high.keyed { (false, $0) }).reduce(+).write(.result("sums"))
    }
    let all = Array(1...30) + (100...120).map { $0 * 2 } + [5, 6, 7, 29, 30]
    #expect(try result.values("all", as: Int.self) == all.map { $0 + 1 })
    #expect(try result.keys("sorted", as: Int.self) == all.sorted())
    let sums = try result.pairs("sums", as: (Bool, Int).self)
    #expect(sums.map(\.0) == [false, true])
    let odd = (1...30).filter { $0 % 2 == 1 }.reduce(0, +)
    let high = (100...120).reduce(0, +)
    #expect(sums.map(\.1) == [odd + 2 * high, (1...30).reduce(0, +) - odd])
  }

  @Test func `An error in a join names the operator and the key`() throws {
    struct Odd: Error, CustomStringConvertible { let description = "odd indeed" }
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        let pairs = flow.read(.values(["x", "y", "z"])).keyed { ($0, 1) }
        pairs.join(pairs) { key, _, _ -> Int in
          if key == "y" { throw Odd() }
          return 1
        }
        .write(.result("result"))
      }
    }
    let text = try "\(#require(error))"
    #expect(text.contains("odd indeed") && text.contains("JoinTests.swift"))
    #expect(text.contains("\"y\""))
  }

  @Test func `The plan shows each input with its own operators`() throws {
    let plan = try Plan(
      PlannedJob { flow in
        let left = flow.read(.values([1])).keyed { ($0, $0) }
        let right = flow.read(.lines("x")).filter { _ in true }.keyed { ($0.count, 1.0) }
        left.join(right) { _, own, _ in own }.write(.result("result"))
      })
    let stage = plan.description.stages[0]
    #expect(stage.operators.map(\.name) == ["join"])
    #expect(stage.branches.map(\.input) == [.values(count: 1), .lines(["x"])])
    #expect(
      stage.branches.map { $0.operators.map(\.name) } == [
        ["values", "keyed"], ["lines", "filter", "keyed"],
      ])
  }
}
