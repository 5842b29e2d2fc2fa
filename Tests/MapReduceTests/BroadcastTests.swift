// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct BroadcastTests {
  @Test func `Every element meets all that is broadcast`() throws {
    let result = try runOnAnyThreads { flow in
      let limits = flow.read(.values([30, 10, 20])).map { $0 + 1 }.broadcast()
      let numbers = flow.read(.values(Array(1...500)))
      numbers.map(with: limits) { number, limits in limits.count { $0 <= number } }
        .write(.result("below"))
      numbers.filter(with: limits) { number, limits in limits.contains(number) }
        .write(.result("kept"))
      numbers.keyed(with: limits) { number, limits in (limits.first { number % $0 == 0 } ?? 0, 1) }
        .reduce(+).write(.result("counts"))
      numbers.keyed(with: limits) { number, limits in ((number % 2, "\(limits.count)"), number) }
        .filter(with: limits) { key, number, limits in number > (limits.max() ?? 0) + key.parts.0 }
        .countByKey().write(.result("parts"))
    }
    let parts = try result.pairs("parts", as: (Tuple<Int, String>, Int).self)
    #expect(parts.map { "\($0.parts) \($1)" } == ["(0, \"3\") 235", "(1, \"3\") 234"])
    #expect(
      try result.values("below", as: Int.self)
        == (1...500).map { number in [31, 11, 21].count { $0 <= number } })
    #expect(try result.values("kept", as: Int.self) == [11, 21, 31])
    let counts = try result.pairs("counts", as: (Int, Int).self)
    let wanted = Dictionary(
      grouping: 1...500, by: { number in [31, 11, 21].first { number % $0 == 0 } ?? 0 })
    #expect(Dictionary(uniqueKeysWithValues: counts) == wanted.mapValues(\.count))
  }

  @Test func `Pairs are looked up by their key, whatever it is`() throws {
    let lines = ["a 1", "b 2", "a 3", "c 4", " 5"]
    let words = ["a", "b", "x", "", "c", "a"]
    let directory = try TemporaryDirectory()
    let path = try directory.write("table.txt", lines.joined(separator: "\n"))
    let result = try runOnAnyThreads { flow in
      let table = flow.read(.lines(path)).flatMap(to: (Bytes, Int).self) { line, emit in
        let fields = line.fields(" ")
        var parts = fields.makeIterator()
        if let key = parts.next(), let value = parts.next().flatMap({ Int($0) }) {
          emit(key, value)
        }
      }
      let byView = table.broadcast()
      // Views are keys as well, and are copied where they are kept.
      let byText = table.map { key, value in (String(key), value) }.keyed { $0 }.broadcast()
      let sums = table.reduce(+).broadcast()
      let read = flow.read(.values(words))
      read.map(with: byText) { word, table in
        "\(word) \(table[word] ?? 0) \(Array(table.all(word))) \(table.count)"
      }.write(.result("text"))
      read.map(with: sums) { word, table in
        Array(word.utf8).withBytes { table[$0] ?? -1 }
      }.write(.result("sums"))
      read.map(with: byView) { word, table in Array(word.utf8).withBytes { Array(table.all($0)) } }
        .write(.result("views"))
    }
    let table = ["a": [1, 3], "b": [2], "c": [4], "": [5]]
    #expect(
      try result.values("text", as: String.self)
        == words.map { "\($0) \(table[$0]?[0] ?? 0) \(table[$0] ?? []) 4" })
    #expect(
      try result.values("sums", as: Int.self) == words.map { table[$0]?.reduce(0, +) ?? -1 })
    #expect(try result.values("views", as: [Int].self) == words.map { table[$0] ?? [] })
  }

  @Test func `Several broadcasts, unions, sorts and rounds go together`() throws {
    let result = try runOnAnyThreads { flow in
      let one = flow.read(.values([1])).broadcast()
      let ten = flow.read(.values([10])).broadcast()
      let low = flow.read(.values(Array(1...9))).map(with: one) { $0 + $1[0] }
      let high = flow.read(.values(Array(1...9))).map(with: ten) { $0 * $1[0] }
      low.union(high).map(with: one) { -$0 * $1[0] }.sorted().write(.result("sorted"))
      flow.read(.values([0]))
        .iterate(upTo: 9, until: { $0 == $1 }) { state in
          let last = state.broadcast()
          return flow.read(.values([3, 5, 4])).map(with: last) { limit, last in
            min(limit, (last.max() ?? 0) + 1)
          }
        }
        .write(.result("rounds"))
    }
    let both = (1...9).map { -($0 + 1) } + (1...9).map { -$0 * 10 }
    #expect(try result.keys("sorted", as: Int.self) == both.sorted())
    #expect(try result.values("rounds", as: Int.self) == [3, 5, 4])
  }

  @Test func `An error beside a broadcast names the operator`() throws {
    struct Odd: Error {}
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        let table = flow.read(.values([1])).broadcast()
        flow.read(.values([1])).map(with: table) { _, _ -> Int in throw Odd() }
          .write(.result("result"))
      }
    }
    #expect(try "\(#require(error))".contains("BroadcastTests.swift"))
  }

  @Test func `The plan names what is broadcast`() throws {
    let plan = try Plan(
      PlannedJob { flow in
        let table = flow.read(.values([1])).broadcast()
        flow.read(.values([1])).map(with: table) { $0 + $1[0] }.write(.result("result"))
      })
    #expect(plan.description.stages.map(\.broadcasts) == [[], [StageID(0)]])
    #expect(plan.description.text.contains("with stage 1, broadcast"))
  }
}
