// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct OperatorTests {
  private static func numbers(_ seed: Int) -> [Int] {
    var random = RandomSource(seed)
    let count = [0, 1, 65, 700][seed % 4]
    return (0..<count).map { _ in random.number(-50...50) }
  }

  @Test(arguments: 0..<4) func `Fluent steps change elements in the order of the input`(seed: Int)
    throws
  {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      flow.read(.values(numbers)).map { $0 * 3 }.filter { $0 % 2 == 0 }
        .compactMap { number -> String? in number > 0 ? "\(number)" : nil }
        .flatMap { text -> [String] in [text, text + "!"] }
        .write(.result("result"))
    }
    let positive = numbers.filter { $0 % 2 == 0 && $0 > 0 }.map { "\($0 * 3)" }
    let wanted = positive.flatMap { [$0, $0 + "!"] }
    #expect(try result.values(as: String.self) == wanted)
    #expect(result.stages.map(\.recordsRead) == [numbers.count])
    #expect(result.stages.map(\.recordsOut) == [wanted.count])
  }

  @Test(arguments: 0..<4) func `Reducing keeps the order in which values stand`(seed: Int) throws {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      flow.read(.values(numbers)).keyed { ($0 % 5, ["\($0)"]) }.reduce(+).write(.result("result"))
    }
    let wanted = Dictionary(grouping: numbers) { $0 % 5 }.sorted { $0.key < $1.key }
    let found = try result.pairs(as: (Int, [String]).self)
    #expect(found.map(\.0) == wanted.map(\.key))
    #expect(found.map(\.1) == wanted.map { $0.value.map { "\($0)" } })
  }

  @Test(arguments: 0..<4) func `Combining gathers values into another type`(seed: Int) throws {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      flow.read(.values(numbers))
        .flatMap(to: (String, Int).self) { number, emit in
          for digit in "\(number)" { emit("\(digit)", number) }
        }
        .combine(into: [Int]()) {
          $0.append($1)
        } merge: {
          $0 += $1
        }
        .write(.result("result"))
    }
    var wanted: [String: [Int]] = [:]
    for number in numbers {
      for digit in "\(number)" { wanted["\(digit)", default: []].append(number) }
    }
    let found = try result.pairs(as: (String, [Int]).self)
    #expect(found.map(\.0) == wanted.keys.sorted())
    #expect(Dictionary(uniqueKeysWithValues: found) == wanted)
  }

  @Test(arguments: 0..<4) func `Keyed steps change and drop pairs`(seed: Int) throws {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      let all = flow.read(.values(numbers)).keyed { number -> (Int, Int) in (number % 3, number) }
      let pairs = all.filter { $0 != 0 && $1 % 2 == 0 }.mapValues { Double($0) / 2 }
      pairs.write(.result("pairs"))
      pairs.values.write(.result("values"))
      pairs.map { key, value in "\(key):\(value)" }.write(.result("texts"))
    }
    let wanted = numbers.filter { $0 % 3 != 0 && $0 % 2 == 0 }
    #expect(try result.values("values", as: Double.self) == wanted.map { Double($0) / 2 })
    let texts = wanted.map { "\($0 % 3):\(Double($0) / 2)" }
    #expect(try result.values("texts", as: String.self) == texts)
    // Pairs are sorted by key; those with equal keys stay in the order of the input.
    let found = try result.pairs("pairs", as: (Int, Double).self)
    let sorted = [-2, -1, 1, 2].flatMap { key in wanted.filter { $0 % 3 == key } }
    #expect(found.map(\.0) == sorted.map { $0 % 3 })
    #expect(found.map(\.1) == sorted.map { Double($0) / 2 })
  }

  @Test(arguments: 0..<4) func `Keys of two and three parts group by all parts`(seed: Int) throws {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      let source = flow.read(.values(numbers))
      source.keyed { number -> ((Int, String), Int) in ((number % 2, "\(number % 3)"), 1) }
        .reduce(+).write(.result("two"))
      source.keyed { number -> ((Int, String, Bool), Int) in
        ((number % 2, "\(number % 3)", number > 0), 1)
      }
      .reduce(+).write(.result("three"))
      source.keyed(by: { $0 % 4 }).write(.result("by"))
    }
    let two = try result.pairs("two", as: (Tuple<Int, String>, Int).self)
    let namesOfTwo = numbers.map { "\($0 % 2) \($0 % 3)" }
    let wantedTwo = Dictionary(grouping: namesOfTwo) { $0 }.mapValues { $0.count }
    let foundTwo = two.map { ("\($0.0.parts.0) \($0.0.parts.1)", $0.1) }
    #expect(Dictionary(uniqueKeysWithValues: foundTwo) == wantedTwo)
    for (one, next) in zip(two, two.dropFirst()) { #expect(one.0.parts < next.0.parts) }
    let three = try result.pairs("three", as: (Tuple<Int, String, Bool>, Int).self)
    let namesOfThree = numbers.map { "\($0 % 2) \($0 % 3) \($0 > 0)" }
    let wantedThree = Dictionary(grouping: namesOfThree) { $0 }
    let foundThree = three.map { ("\($0.0.parts.0) \($0.0.parts.1) \($0.0.parts.2)", $0.1) }
    #expect(Dictionary(uniqueKeysWithValues: foundThree) == wantedThree.mapValues { $0.count })
    let by = try result.pairs("by", as: (Int, Int).self).map(\.1)
    #expect(by == (-3...3).flatMap { key in numbers.filter { $0 % 4 == key } })
  }

  @Test(arguments: 0..<4) func `Sorting is by key order, and stable`(seed: Int) throws {
    let numbers = Self.numbers(seed)
    let result = try runOnAnyThreads { flow in
      let source = flow.read(.values(numbers))
      source.sorted().write(.result("numbers"))
      source.map { "\($0)" }.sorted().write(.result("texts"))
      source.withSquares().sorted(by: { $0[1] % 4 }).write(.result("by"))
    }
    #expect(try result.keys("numbers", as: Int.self) == numbers.sorted())
    let texts = numbers.map { "\($0)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(try result.keys("texts", as: String.self) == texts)
    let pairs = numbers.map { [$0 * $0, $0] }
    let wanted = (-3...3).flatMap { key in pairs.filter { $0[1] % 4 == key } }
    #expect(try result.values("by", as: [Int].self) == wanted)
  }

  @Test(arguments: [0, 1, 3, 10, 10_000])
  func `Top keeps the greatest, the lowest key among equals`(
    limit: Int
  ) throws {
    let numbers = Self.numbers(3)
    let result = try runOnAnyThreads { flow in
      let source = flow.read(.values(numbers))
      source.top(limit).write(.result("elements"))
      source.keyed { ($0, $0 / 10) }.top(limit).write(.result("pairs"))
      source.keyed { ($0 % 10, $0) }.reduce(max).top(limit).map { key, value in "\(key)=\(value)" }
        .write(.result("texts"))
    }
    let sorted = numbers.sorted(by: >)
    #expect(try result.values("elements", as: Int.self) == Array(sorted.prefix(limit)))
    let pairs = try result.pairs("pairs", as: (Int, Int).self)
    let wanted = numbers.sorted { ($1 / 10, $0) < ($0 / 10, $1) }.prefix(limit)
    #expect(pairs.map(\.0) == Array(wanted))
    #expect(pairs.map(\.1) == wanted.map { $0 / 10 })
    let best = Dictionary(grouping: numbers) { $0 % 10 }.compactMapValues { $0.max() }
    let texts = best.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit)
    #expect(try result.values("texts", as: String.self) == texts.map { "\($0.key)=\($0.value)" })
  }
}

extension Dataset<Int> {
  /// Each number behind its square.
  fileprivate func withSquares() -> Dataset<[Int]> { map { [$0 * $0, $0] } }
}
