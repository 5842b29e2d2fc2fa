// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct IterateTests {
  /// Edges in both directions, of a graph in several parts.
  private static func edges(_ seed: Int) -> [(Int, Int)] {
    var random = RandomSource(seed)
    return (0..<120).flatMap { _ -> [(Int, Int)] in
      let from = random.number(0...99)
      let to = from / 25 * 25 + random.number(0...24)
      return [(from, to), (to, from)]
    }
  }

  /// The lowest member of each one's part of the graph, and after how many rounds that is known.
  private static func parts(_ edges: [(Int, Int)]) -> (labels: [Int: Int], rounds: Int) {
    var labels = Dictionary(edges.map { ($0.0, $0.0) }, uniquingKeysWith: { first, _ in first })
    var rounds = 0
    while true {
      var next = labels
      for (from, to) in edges { next[to] = min(next[to] ?? to, labels[from] ?? from) }
      rounds += 1
      if next == labels { return (labels, rounds) }
      labels = next
    }
  }

  @Sendable private static func plan(
    _ flow: Flow, _ edges: [(Int, Int)], rounds: Int, mustSettle: Bool = false
  ) {
    let steps = flow.counter("steps")
    let links = flow.read(.values(edges)).keyed { $0 }
    let start = links.map { from, _ in from }.distinct().keyed { ($0, $0) }
    start.iterate(upTo: rounds, until: { $0 == $1 }, mustSettle: mustSettle) { labels in
      links.join(labels) { _, to, label, emit in
        steps.add()
        emit(to, label)
      }
      .union(labels).reduce { min($0, $1) }
    }
    .write(.result("result"))
  }

  @Test(arguments: 0..<4) func `Rounds end where nothing changes any more`(seed: Int) throws {
    let edges = Self.edges(seed)
    let (labels, rounds) = Self.parts(edges)
    let result = try runOnAnyThreads { Self.plan($0, edges, rounds: 50) }
    let found = try result.pairs(as: (Int, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: found) == labels)
    // Rounds that were not run have counted nothing.
    #expect(result.counters == [CounterValue(name: "steps", value: rounds * edges.count)])
    let run = result.stages.count { $0.recordsRead > 0 }
    #expect(run == 2 + 3 * rounds && result.stages.count == 2 + 3 * 50)
  }

  @Test func `Rounds end where there may be no more`() throws {
    let edges = Self.edges(1)
    let (labels, rounds) = Self.parts(edges)
    let result = try run { Self.plan($0, edges, rounds: rounds - 2) }
    let found = try result.pairs(as: (Int, Int).self)
    #expect(found.count == labels.count)
    #expect(Dictionary(uniqueKeysWithValues: found) != labels)
    #expect(result.counters.map(\.value) == [(rounds - 2) * edges.count])
    // The last round changes nothing, and the one before does.
    #expect(
      try run { Self.plan($0, edges, rounds: rounds, mustSettle: true) }.counters.map(\.value)
        == [rounds * edges.count])
    let error = try #require(
      throws: JobError.self,
      performing: {
        _ = try run { Self.plan($0, edges, rounds: rounds - 2, mustSettle: true) }
      })
    #expect(error.code == .failed)
    #expect(error.message.contains("did not settle in \(rounds - 2) rounds"))
    #expect("\(error)".contains("IterateTests.swift"))
  }

  @Test func `No round at all leaves what was there`() throws {
    let result = try run { flow in
      flow.read(.values([3, 1])).keyed { ($0, $0 * 2) }
        .iterate(upTo: 0, until: { $0 == $1 }) { $0.mapValues { $0 + 1 } }.write(.result("keyed"))
      flow.read(.values([3, 1])).iterate(upTo: 0) { $0.map { $0 + 1 } }.write(.result("plain"))
    }
    #expect(try result.pairs("keyed", as: (Int, Int).self).map(\.1) == [2, 6])
    #expect(try result.values("plain", as: Int.self) == [3, 1])
  }

  @Test func `A number of rounds needs no until`() throws {
    let result = try runOnAnyThreads { flow in
      flow.read(.values([("a", 1), ("b", 2), ("a", 3)])).keyed { $0 }
        .iterate(upTo: 3) { $0.reduce(+).mapValues { $0 * 10 } }.write(.result("keyed"))
      flow.read(.values([3, 1])).iterate(upTo: 4) { $0.map { $0 * 2 } }.write(.result("plain"))
    }
    #expect(try result.pairs("keyed", as: (String, Int).self).map(\.1) == [4000, 2000])
    #expect(try result.values("plain", as: Int.self) == [48, 16])
  }

  @Test func `Elements settle all together`() throws {
    let result = try runOnAnyThreads { flow in
      let rounds = flow.counter("rounds")
      flow.read(.values([1000, 1, 81, 17]))
        .iterate(upTo: 30, until: { $0 == $1 }) { numbers in
          numbers.map { number in
            if number == 1000 || number == 1 { rounds.add() }
            return number / 3
          }
        }
        .write(.result("result"))
    }
    #expect(try result.values(as: Int.self) == [0, 0, 0, 0])
    #expect(result.counters.map(\.value) == [5])
    #expect(result.stages.count { $0.recordsRead > 0 } == 1 + 8)
  }

  @Test func `Keys that come and go have not settled`() throws {
    // One key moves on in each round: its value stays.
    let result = try runOnAnyThreads { flow in
      flow.read(.values([0])).keyed { ($0, "x") }
        .iterate(upTo: 5, until: { $0 == $1 }) { pairs in
          pairs.map { key, _ in key }.keyed { (min($0 + 1, 3), "x") }
        }
        .write(.result("result"))
    }
    #expect(try result.pairs(as: (Int, String).self).map(\.0) == [3])
    #expect(result.stages.count { $0.recordsRead > 0 } == 1 + 4)
  }

  @Test func `Iterations stand inside of each other`() throws {
    // Halves until nothing changes, then adds; the outer one ends where its own sum is reached.
    let result = try runOnAnyThreads { flow in
      flow.read(.values([100])).keyed { ("x", $0) }
        .iterate(upTo: 6, until: { $0 == $1 }) { outer -> Keyed<String, Int> in
          let halved = outer.iterate(upTo: 20, until: { $0 == $1 }) { inner in
            inner.mapValues { $0 / 2 }
          }
          return halved.mapValues { $0 + 7 }
        }
        .write(.result("result"))
    }
    #expect(try result.pairs(as: (String, Int).self).map(\.1) == [7])
  }

  @Test func `What a round makes is not read outside of it`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        var kept: Keyed<Int, Int>?
        flow.read(.values([1])).keyed { ($0, $0) }
          .iterate(upTo: 3, until: { $0 == $1 }) { pairs in
            let next = pairs.reduce(+)
            kept = next
            return next
          }
          .write(.result("result"))
        kept?.write(.result("kept"))
      }
    }
    #expect(try #require(error).message.contains("read outside of it"))
  }

  @Test func `A plan has so many stages and no more`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([1])).keyed { ($0, $0) }
          .iterate(upTo: 5000) { $0.reduce(+) }.write(.result("result"))
      }
    }
    #expect(try #require(error).message.contains("5,001 stages, and 4,096 at most"))
  }

  @Test func `Explaining shows two rounds of many`() throws {
    let edges = Self.edges(0)
    let plan = try Plan(PlannedJob { Self.plan($0, edges, rounds: 50) })
    let lines = plan.description.text.split(separator: "\n")
    #expect(lines.count { $0.contains("round 1 of 50") } == 3)
    #expect(lines.count { $0.contains("round 2 of 50; those behind it are like it") } == 3)
    #expect(!lines.contains { $0.contains("round 3") })
    var out = ByteBuffer()
    out.append(plan.description)
    var reader = ByteReader(out.bytes)
    #expect(try reader.planDescription() == plan.description)
  }
}
