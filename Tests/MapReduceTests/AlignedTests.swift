// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Synchronization
import TestSupport
import Testing

@testable import MapReduce

/// Stages that read what lies by their key already.
@Suite struct AlignedTests {
  private static func pairs(_ seed: Int, _ count: Int, keys: Int) -> [(String, Int)] {
    var random = RandomSource(seed)
    return (0..<count).map { _ in ("k\(random.number(0...keys))", random.number(-99...99)) }
  }

  private func description(_ body: (Flow) throws -> Void) throws -> [Bool] {
    try Plan("job", body).description.stages.map(\.isAligned)
  }

  private static let modulus = 3

  /// Every kind of stage behind stages that lie by key. `moved` is true where the same is said in a
  /// way in which nobody can know that keys stay what they are.
  private static func plan(
    _ flow: Flow, _ left: [(String, Int)], _ right: [(String, Int)], moved: Bool
  ) {
    func placed(_ pairs: Keyed<String, Int>) -> Keyed<String, Int> {
      moved ? pairs.map { ($0, $1) }.keyed { $0 } : pairs
    }
    let seen = flow.counter("seen")
    let sums = flow.read(.values(left)).keyed { $0 }.reduce(+)
    let lists = flow.read(.values(right)).keyed { $0 }.group { _, values in Array(values) }
    let changed = placed(sums).mapValues { value in
      seen.add()
      return value * 2
    }.filter { $1 % modulus != 0 }
    placed(sums).mapValues { $0 + 1 }.write(.result("written"))
    changed.join(moved ? lists.map { ($0, $1) }.keyed { $0 } : lists) { key, sum, list in
      "\(key) \(sum) \(list)"
    }.write(.result("joined"))
    changed.union(placed(sums)).reduce(+).write(.result("added"))
    changed.union(placed(sums)).group(orderedBy: { -$0 }) { _, values in Array(values) }
      .write(.result("listed"))
    placed(sums).join(changed, to: (Int, String).self) { key, own, other, emit in
      emit(own, key + "\(other)")
    }.map { "\($0) \($1)" }.sorted().write(.result("emitted"))
    placed(sums).union(changed).countByKey().write(.result("counted"))
  }

  @Test(arguments: 0..<6) func `Nothing changes in results but their cost`(seed: Int) throws {
    let left = Self.pairs(
      seed, [0, 5, 900, 3000, 20, 3000][seed], keys: [9, 9, 400, 2000, 1, 7][seed])
    let right = Self.pairs(seed + 50, [9, 0, 700, 2500, 500, 10][seed], keys: 1000)
    let aligned = try runOnAnyThreads { Self.plan($0, left, right, moved: false) }
    let moved = try run { Self.plan($0, left, right, moved: true) }
    #expect(aligned.outputs.map(\.name) == moved.outputs.map(\.name))
    for (one, other) in zip(aligned.outputs, moved.outputs) {
      let agree = try one.encoded() == other.encoded()
      #expect(agree, "\(one.name)")
    }
    #expect(aligned.counters == moved.counters)
  }

  @Test func `Stages are aligned whose keys were kept since a stage put them there`() throws {
    let flags = try description { Self.plan($0, [("a", 1)], [("a", 2)], moved: false) }
    // reduce, write, group, join, reduce, group, join that emits, sorted, countByKey
    #expect(flags == [false, true, false, true, true, true, true, false, true])
    let others = try description { Self.plan($0, [("a", 1)], [("a", 2)], moved: true) }
    #expect(others.count == 9 && !others.contains(true))
  }

  @Test func `Emitted, renamed and brought together keys are shuffled`() throws {
    let flags = try description { flow in
      let sums = flow.read(.values([("a", 1)])).keyed { $0 }.reduce(+)
      let emitted = sums.group(to: (String, Int).self) { key, _, emit in emit(key, 1) }
      emitted.reduce(+).write(.result("a"))
      sums.flatMap(to: (String, Int).self) { $2($0, $1) }.reduce(+).write(.result("b"))
      sums.top(3).reduce(+).write(.result("c"))
      sums.values.keyed { ("\($0)", $0) }.reduce(+).write(.result("d"))
      sums.join(emitted) { $1 + $2 }.write(.result("e"))
      flow.read(.values(["b"])).distinct().keyed { ($0, 1) }.reduce(+).write(.result("f"))
    }
    // The group itself reads sums where they lie.
    #expect(flags == [false, true] + Array(repeating: false, count: 8))
  }

  @Test func `Datasets that one partitioner has put somewhere meet there`() throws {
    let pairs = Self.pairs(3, 2000, keys: 300)
    let result = try runOnAnyThreads { flow in
      let byLength = Partitioner<String> { $0.utf8.count }
      let left = flow.read(.values(pairs)).keyed { $0 }.partition(by: byLength)
      let right = flow.read(.values(pairs)).keyed { ($0.0, 1) }.reduce(+).partition(by: byLength)
      left.reduce(+).write(.result("sums"))
      left.join(right) { $1 * $2 }.write(.result("joined"))
      left.write(.result("all"))
    }
    let plain = try run { flow in
      let left = flow.read(.values(pairs)).keyed { $0 }
      left.reduce(+).write(.result("sums"))
      left.join(left.countByKey()) { $1 * $2 }.write(.result("joined"))
      left.write(.result("all"))
    }
    for (one, other) in zip(result.outputs, plain.outputs) {
      let agree = try one.encoded() == other.encoded()
      #expect(agree, "\(one.name)")
      #expect(one.isHashed, "a key is found by its hash")
    }
  }

  @Test func `Each partition has the keys that belong together, in order`() throws {
    let pairs = Self.pairs(4, 3000, keys: 2000)
    let plan = try Plan("job") { flow in
      flow.read(.values(pairs)).keyed { $0 }.partition { $0.utf8.count }.reduce(+)
        .write(.result("r"))
    }
    let description = plan.description
    #expect(description.stages.map(\.shuffle) == ["chosen", "hash", "hash"])
    #expect(description.stages.map(\.isAligned) == [false, true, false])
    final class Seen: RunInspector {
      let runs = Mutex<[[[String]]]>([])
      func began(readsAll: Bool) throws {}
      func made(_ stage: StageDescription, _ result: StageResult) throws {
        let keys = result.runs.map { run in
          var keys: [String] = []
          RunSlice(run: run, range: 0..<run.records).forEach { keys.append(String($0.key)) }
          return keys
        }
        runs.withLock { $0.append(keys) }
      }
    }
    let seen = Seen()
    _ = try InlineRunner(threads: 2).run(plan, inspector: seen)
    let runs = seen.runs.withLock { $0 }
    for keys in runs[0] + runs[1] { #expect(keys == keys.sorted()) }
    for placed in runs.prefix(2) {
      for length in 2...5 {
        #expect(placed.filter { $0.contains { $0.utf8.count == length } }.count <= 1)
      }
    }
    #expect(Set(runs[1].joined()) == Set(pairs.map(\.0)))
  }

  @Test func `Other partitioners, other places`() throws {
    let flags = try description { flow in
      let pairs = flow.read(.values([("a", 1)])).keyed { $0 }
      let one = pairs.partition { $0.utf8.count }
      one.join(pairs.partition { $0.utf8.count }) { $1 + $2 }.write(.result("a"))
      one.join(pairs.reduce(+)) { $1 + $2 }.write(.result("b"))
    }
    #expect(!flags.contains(true))
  }

  @Test func `A partitioner that throws is named`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([("a", 1)])).keyed { $0 }.partition(
          by: { (_: String) -> Int in throw JobError(.badInput, "no") }, line: 7
        ).write(.result("r"))
      }
    }
    #expect(error?.location == "AlignedTests.swift:7")
  }

  @Test func `The end of a round meets its beginning where both lie`() throws {
    let plan = try Plan("job") { flow in
      flow.read(.values([("a", 1), ("b", 2)])).keyed { $0 }.reduce(+)
        .iterate(upTo: 3, until: { $0 == $1 }) { state in
          state.mapValues { min($0 + 1, 4) }.flatMap(to: (String, Int).self) { $2($0, $1) }.reduce(
            +)
        }.write(.result("r"))
    }
    let stages = plan.description.stages
    let ends = stages.map { $0.round?.settles == true }
    #expect(ends.filter { $0 }.count == 3 && stages.map(\.isAligned) == ends)
    let text = plan.description.text
    #expect(text.contains("no shuffle: what it reads lies by its key already; merged"))
  }

  @Test func `Nothing is shuffled, and all that is read is counted`() throws {
    let pairs = Self.pairs(1, 500, keys: 50)
    let result = try run { flow in
      let sums = flow.read(.values(pairs)).keyed { $0 }.reduce(+)
      sums.mapValues { -$0 }.write(.result("r"))
    }
    let counts = try #require(result.stages.last)
    let keys = Set(pairs.map(\.0)).count
    #expect(counts.recordsRead == keys && counts.recordsOut == keys)
    #expect(counts.recordsShuffled == 0 && counts.bytesShuffled == 0)
  }

  @Test func `A closure that throws is named with its key`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([("a", 1), ("b", 2)])).keyed { $0 }.reduce(+).mapValues(
          { value in
            if value == 2 { throw JobError(.badInput, "two") }
            return value
          }, line: 5
        ).write(.result("r"))
      }
    }
    #expect(error?.record == "\"b\"" && error?.location == "AlignedTests.swift:5")
  }
}
