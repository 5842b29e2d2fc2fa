// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

/// What does not fit into memory comes to the same, byte by byte.
@Suite struct SpillTests {
  /// A budget of no more than a few blocks, so that everything is written out.
  private static func tiny(_ bytes: Int = 1 << 20) throws -> MemoryBudget {
    MemoryBudget(limit: bytes, scratch: ScratchArea(in: "/var/tmp"))
  }

  private func runBoth(
    _ body: @escaping @Sendable (Flow) throws -> Void
  ) throws -> JobResult {
    let plan = PlannedJob(body)
    let plenty = try InlineRunner(threads: 2).run(Plan(plan))
    #expect(plenty.spilledBytes == 0)
    for threads in [1, 2, 5] {
      let budget = try Self.tiny()
      let short = try InlineRunner(threads: threads, memory: budget).run(Plan(plan))
      #expect(short.spilledBytes > 1 << 20, "something was written out")
      #expect(short.counters == plenty.counters)
      for (one, another) in zip(plenty.outputs, short.outputs) {
        let agree = try one.encoded() == another.encoded()
        #expect(agree, "\(one.name) on \(threads) threads")
        #expect(one.records == another.records && one.bytes == another.bytes)
      }
    }
    return plenty
  }

  private static func pairs(_ count: Int, keys: Int, _ seed: Int = 1) -> [(String, Int)] {
    var random = RandomSource(seed)
    return (0..<count).map { _ in
      ("some key of words \(random.number(0...keys))", random.number(-1000...1000))
    }
  }

  @Test func `Sums of many keys, exact to the last bit`() throws {
    let pairs = Self.pairs(200_000, keys: 60_000)
    _ = try runBoth { flow in
      flow.read(.values(pairs)).keyed { ($0.0, 1 / Double($0.1 + 1001)) }.reduce(+)
        .write(.result("sums"))
      flow.read(.values(pairs)).keyed { $0 }.combine(into: [Int]()) {
        $0.append($1)
      } merge: {
        $0 += $1
      }
      .write(.result("lists"))
    }
  }

  @Test func `Groups, with one key that has most of the values`() throws {
    let pairs = Self.pairs(60_000, keys: 5000).enumerated().map { index, pair in
      index % 3 > 0 ? ("all of them", index) : pair
    }
    let result = try runBoth { flow in
      let keyed = flow.read(.values(pairs)).keyed { $0 }
      keyed.group { _, values in
        // Twice through the values: a group may be read again.
        Tuple(values.count, values.reduce(0, +) + (values.max() ?? 0))
      }.write(.result("groups"))
      keyed.group(orderedBy: { -$0 }, to: (Int, String).self) { key, values, emit in
        for value in values.prefix(3) { emit(value, key) }
      }.write(.result("least"))
    }
    let groups = try result.pairs("groups", as: (String, Tuple<Int, Int>).self)
    #expect(groups.first { $0.0 == "all of them" }?.1.parts.0 == 40_000)
  }

  @Test func `Sorts and plain results`() throws {
    let pairs = Self.pairs(80_000, keys: 1 << 30)
    _ = try runBoth { flow in
      let read = flow.read(.values(pairs))
      read.map(\.0).sorted().write(.result("sorted"))
      read.map { $0.1 }.sorted(by: { $0 / 7 }).write(.result("ranked"))
      read.map { $0.0 + "!" }.write(.result("plain"))
      read.keyed { $0 }.write(.result("keyed"))
      read.map(\.0).distinct().write(.result("distinct"))
    }
  }

  @Test func `Joins, rounds and broadcasts`() throws {
    let pairs = Self.pairs(40_000, keys: 20_000)
    let others = Self.pairs(30_000, keys: 20_000, 2)
    _ = try runBoth { flow in
      let left = flow.read(.values(pairs)).keyed { $0 }
      let right = flow.read(.values(others)).keyed { $0 }
      left.join(right) { Tuple($1, $2) }.write(.result("inner"))
      left.fullJoin(right) { Tuple($1 ?? 0, $2 ?? 0) }.write(.result("full"))
      let sums = left.reduce(+)
      sums.iterate(upTo: 3, until: { $0 == $1 }) { $0.mapValues { $0 / 2 } }
        .write(.result("halves"))
      right.map(with: sums.broadcast()) { key, value, sums in value + (sums[key] ?? 0) }
        .write(.result("with"))
    }
  }

  @Test func `Records that are larger than a block`() throws {
    let texts = (0..<60).map { index in
      ("\(index % 20)", String(repeating: "text \(index) ", count: 20_000))
    }
    _ = try runBoth { flow in
      let keyed = flow.read(.values(texts)).keyed { $0 }
      keyed.write(.result("keyed"))
      keyed.group { _, values in values.reduce(0) { $0 + $1.utf8.count } }
        .write(.result("sizes"))
      flow.read(.values(Self.pairs(60_000, keys: 9))).keyed { $0 }.write(.result("small"))
    }
  }

  @Test func `Values with memory of their own close a table, too`() throws {
    let pool = BlockPool(MemoryBudget(limit: 4 << 20, scratch: ScratchArea(in: "/var/tmp")))
    let fold = CombineFold<[Int]>(FoldContext(pool: pool, tableSeed: 1, progress: {}))
    let merge: (inout [Int], inout [Int]) -> Void = { $0 += $1 }
    var key = RecordWriter()
    var value = RecordWriter()
    for round in 0..<10 {
      let writer = PartitionWriter(partitions: 1, pool: pool)
      for number in 0..<200 {
        key.removeAll()
        "key \(number)".encode(into: &key)
        value.removeAll()
        (0..<1000).map { $0 + round }.encode(into: &value)
        writer.append(key: key.bytes, value: value.bytes, partition: 0)
      }
      for block in writer.takeBlocks()[0] { try fold.fold(block, merge) }
      if round == 0 { #expect(fold.overflow == nil) }
    }
    // The table alone, without the arrays, is a hundredth of the limit.
    #expect(fold.overflow != nil)
    let run = try fold.finish(merge)
    #expect(run.records == 200)
    #expect(pool.budget.scratch?.failure == nil)
  }

  @Test func `What is read from a file and saved`() throws {
    let directory = try TemporaryDirectory()
    let words = Self.pairs(90_000, keys: 50_000).map { "\($0.0) \($0.1)\n" }.joined()
    let path = try directory.write("words.txt", words)
    _ = try runBoth { flow in
      flow.read(.lines(path))
        .flatMap { line, emit in for word in line.words { emit(word, 1) } }
        .reduce(+).write(.result("words"))
    }
    let plan = PlannedJob { flow in
      flow.read(.lines(path)).sorted().write(.result("lines"))
    }
    for (name, memory) in [("plenty", MemoryBudget.unlimited), ("short", try Self.tiny())] {
      let result = try InlineRunner(threads: 2, memory: memory).run(Plan(plan))
      try ResultWriter(
        to: directory.path + "/" + name, format: .runs, threads: 2, cancellation: Cancellation()
      ).write(result, job: "planned")
    }
    #expect(
      try directory.bytes("plenty/lines/part-00000.run")
        == directory.bytes("short/lines/part-00000.run"))
  }

  @Test func `A limit that is too low, and a directory that is none, are errors`() throws {
    let low = #expect(throws: JobError.self) {
      _ = try MemoryBudget(limit: 10 << 20, scratch: "/var/tmp")
    }
    #expect(try #require(low).description.contains("--memory 64MiB"))
    func nowhere() -> MemoryBudget {
      MemoryBudget(limit: 1 << 20, scratch: ScratchArea(in: "/nowhere/at/all"))
    }
    let missing = #expect(throws: JobError.self) {
      let plan = PlannedJob { flow in
        flow.read(.values(Self.pairs(80_000, keys: 1 << 30))).keyed { $0 }.write(.result("all"))
      }
      _ = try InlineRunner(threads: 2, memory: nowhere()).run(Plan(plan))
    }
    let text = try #require(missing).description
    #expect(text.contains("--scratch DIR") && text.contains("/nowhere/at/all"))
    // Where nothing has to go there, nobody looks.
    let few = try InlineRunner(threads: 2, memory: nowhere()).run(
      Plan(PlannedJob { $0.read(.values([1])).write(.result("one")) }))
    #expect(few.spilledBytes == 0)
  }
}
