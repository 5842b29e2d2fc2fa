// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct StageTests {
  private static func lines(_ count: Int, seed: Int) -> [String] {
    var random = RandomSource(seed)
    return (0..<count).map { _ in
      (0..<random.number(0...6)).map { _ in "w\(random.number(0...40) * random.number(0...9))" }
        .joined(separator: " ")
    }
  }

  private static func wordCounts(_ lines: [String]) -> [String: Int] {
    lines.flatMap { $0.split(separator: " ") }.reduce(into: [:]) { $0[String($1), default: 0] += 1 }
  }

  @Test(arguments: [0, 1, 50, 5000]) func `Words are counted over several stages`(count: Int) throws
  {
    let directory = try TemporaryDirectory()
    let lines = Self.lines(count, seed: count)
    let path = try directory.write("text", lines.map { $0 + "\n" }.joined())
    let result = try runOnAnyThreads { flow in
      let counts = flow.read(.lines(path))
        .flatMap { line, emit in for word in line.words { emit(word, 1) } }
        .reduce(+)
      counts.write(.result("counts"))
      counts.top(5).write(.result("top"))
      // How many words are as frequent, and which.
      let byCount = counts.map { word, count in (String(word), count) }
      byCount.keyed { ($0.1, [$0.0]) }.reduce(+).write(.result("inverse"))
      byCount.map { $0.0 }.sorted().write(.result("words"))
      byCount.map { $0.0 }.sorted().top(3).write(.result("last"))
    }
    let counts = Self.wordCounts(lines)
    let found = try result.pairs("counts", as: (String, Int).self)
    #expect(found.map(\.0) == counts.keys.sorted())
    #expect(Dictionary(uniqueKeysWithValues: found) == counts)
    let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5)
    let top = try result.pairs("top", as: (String, Int).self)
    #expect(top.map(\.0) == ranked.map(\.key) && top.map(\.1) == ranked.map(\.value))
    let inverse = try result.pairs("inverse", as: (Int, [String]).self)
    #expect(inverse.map(\.0) == Set(counts.values).sorted())
    for (count, words) in inverse {
      #expect(words.sorted() == counts.filter { $0.value == count }.keys.sorted())
    }
    #expect(try result.keys("words", as: String.self) == counts.keys.sorted())
    #expect(try result.values("last", as: String.self) == counts.keys.sorted().suffix(3).reversed())
    #expect(result.stages[0].bytesRead == lines.reduce(0) { $0 + $1.utf8.count + 1 })
    #expect(result.stages[0].recordsRead == count)
  }

  @Test func `Sums of doubles agree to the last bit on any number of threads`() throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(5)
    let text = (0..<60_000).map { _ in
      "\(random.number(0...20)) \(Double.random(in: -1e10...1e10, using: &random))\n"
    }
    let path = try directory.write("numbers", text.joined())
    let result = try runOnAnyThreads { flow in
      flow.read(.lines(path))
        .flatMap(to: (Int, Double).self) { line, emit in
          guard let key = line.field(0, separator: " ").flatMap({ Int($0) }),
            let value = line.field(1, separator: " ").flatMap({ Double($0) })
          else { return }
          emit(key, value)
        }
        .reduce(+).write(.result("result"))
    }
    let sums = try result.pairs(as: (Int, Double).self)
    #expect(sums.map(\.0) == Array(0...20))
    for (key, sum) in sums {
      let values = text.filter { $0.hasPrefix("\(key) ") }
        .compactMap { Double($0.dropFirst("\(key) ".count).dropLast()) }
      #expect(abs(sum - values.reduce(0, +)) < 1)
    }
  }

  @Test func `More keys than a table holds are combined all the same`() throws {
    let directory = try TemporaryDirectory()
    // Many keys that hardly repeat, then the same again: the table is drained, then passed by.
    let numbers = Array(0..<20_000) + Array(0..<20_000) + [Int](repeating: 7, count: 300)
    let path = try directory.write("keys", numbers.map { "\($0)\n" }.joined())
    let result = try runOnAnyThreads { flow in
      flow.read(.lines(path))
        .flatMap(to: (Bytes, [Int]).self) { line, emit in emit(line, [line.count]) }
        .reduce(+).mapValues(\.count).write(.result("result"))
    }
    let found = try result.pairs(as: (String, Int).self)
    #expect(found.map(\.0) == (0..<20_000).map(String.init).sorted())
    #expect(found.filter { $0.0 != "7" }.allSatisfy { $0.1 == 2 })
    #expect(found.first { $0.0 == "7" }?.1 == 302)
  }

  @Test func `A stage that is named twice runs once`() throws {
    let result = try run { flow in
      let sums = flow.read(.values([1, 2, 3])).keyed { ($0 % 2, $0) }.reduce(+)
      sums.write(.result("one"))
      sums.write(.result("other"))
    }
    #expect(result.stages.count == 1)
    #expect(try result.output("one").encoded() == result.output("other").encoded())
    #expect(try result.pairs("one", as: (Int, Int).self).map(\.1) == [2, 4])
  }

  @Test func `No input gives empty results`() throws {
    let result = try runOnAnyThreads { flow in
      let none = flow.read(.values([Int]()))
      none.write(.result("written"))
      none.sorted().write(.result("sorted"))
      none.top(3).write(.result("top"))
      none.keyed { ($0, $0) }.reduce(+).write(.result("reduced"))
      none.keyed { ($0, $0) }.reduce(+).keyed(again: 1).write(.result("again"))
    }
    #expect(result.outputs.map(\.records) == [0, 0, 0, 0, 0])
    for output in result.outputs { #expect(try output.encoded().isEmpty) }
  }

  @Test func `Values without a size count keys once`() throws {
    struct Mark: Codable, Record {}
    let numbers = (0..<9000).map { $0 % 3000 }
    let result = try runOnAnyThreads { flow in
      flow.read(.values(numbers)).keyed { ($0, Mark()) }.reduce { one, _ in one }
        .map { key, _ in key }.write(.result("result"))
    }
    #expect(try result.values(as: Int.self).sorted() == Array(0..<3000))
  }

  @Test func `Values meet in input order, also where a split goes past its full table`() throws {
    let keys = 20_000
    let plan = try Plan(
      PlannedJob { flow in
        // One split, whose keys do not repeat until its table was full once.
        flow.read(.values([0])).flatMap(to: (Int, [Int]).self) { _, emit in
          for pass in 0..<3 { for key in 0..<keys { emit(key, [pass]) } }
        }.reduce(+).filter { _, passes in passes != [0, 1, 2] }.write(.result("disordered"))
      })
    for threads in [1, 3] {
      let result = try InlineRunner(threads: threads).run(plan)
      #expect(result.outputs[0].records == 0)
    }
  }

  @Test func `Only as many records are shown as are asked for`() throws {
    let result = try run { flow in
      flow.read(.values(Array(0..<500))).keyed { ($0, $0) }.write(.result("result"))
    }
    for limit in [0, 1, 7, 499, 500, 501] {
      var shown: [Int] = []
      try result.outputs[0].first(limit) { key, _ in shown.append(try Int.decodeKey(key)) }
      #expect(shown == Array(0..<min(limit, 500)))
    }
  }

  @Test func `A cancelled run ends as interrupted`() throws {
    let cancellation = Cancellation()
    let plan = try Plan(
      PlannedJob { flow in
        flow.read(.values(Array(0..<1000))).map { number in
          if number == 500 { cancellation.cancel() }
          return number
        }.write(.result("result"))
      })
    for threads in [1, 3] {
      let error = #expect(throws: JobError.self) {
        _ = try InlineRunner(threads: threads, cancellation: cancellation).run(plan)
      }
      #expect(error?.code == .interrupted)
    }
  }
}

extension Keyed<Int, Int> {
  /// The pairs once more through a stage of their own.
  fileprivate func keyed(again step: Int) -> Keyed<Int, Int> {
    map { key, value in (key + step, value) }.keyed { $0 }.reduce(+)
  }
}
