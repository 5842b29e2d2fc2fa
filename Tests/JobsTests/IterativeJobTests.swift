// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

/// Jobs with joins and rounds, against loops that anybody would write.
@Suite struct IterativeJobTests {
  private static func edges(_ seed: Int, nodes: Int, count: Int) -> [(Int, Int)] {
    var random = RandomSource(seed)
    return (0..<count).map { _ in (random.number(0...nodes), random.number(0...nodes)) }
  }

  private static func ranks(
    _ edges: [(Int, Int)], rounds: Int, tolerance: Double
  ) -> (ranks: [Int: Double], rounds: Int) {
    var links: [Int: [Int]] = [:]
    for (from, to) in edges { links[from, default: []].append(to) }
    var ranks = links.mapValues { _ in 1.0 }
    for round in 1...rounds {
      var sums = links.mapValues { _ in 0.0 }
      for (from, targets) in links {
        guard let rank = ranks[from] else { continue }
        for to in targets { sums[to, default: 0] += rank / Double(targets.count) }
      }
      let next = sums.mapValues { 0.15 + 0.85 * $0 }
      let isSettled =
        next.count == ranks.count
        && next.allSatisfy { abs($0.value - (ranks[$0.key] ?? .infinity)) <= tolerance }
      ranks = next
      if isSettled { return (ranks, round) }
    }
    return (ranks, rounds)
  }

  @Test(arguments: [(1, 3, 0.0), (2, 50, 1e-3), (3, 12, 0.0)])
  func `Ranks are those of a plain loop`(
    seed: Int, rounds: Int, tolerance: Double
  ) throws {
    let edges = Self.edges(seed, nodes: 40, count: 300)
    let file = try TemporaryFile(lines: edges.map { "\($0.0)\t\($0.1)" } + ["no edge"])
    let result = try run(
      PageRank.self, [file.path, "--rounds", "\(rounds)", "--tolerance", "\(tolerance)"])
    let found = try result.pairs("pagerank", as: (Int, Double).self)
    let wanted = Self.ranks(edges, rounds: rounds, tolerance: tolerance)
    #expect(found.map(\.0) == wanted.ranks.keys.sorted())
    for (node, rank) in found {
      #expect(abs(rank - (wanted.ranks[node] ?? 0)) < 1e-9)
    }
    if tolerance > 0 {
      #expect(wanted.rounds < rounds, "it settles before its last round")
      #expect(result.stages.count { $0.recordsRead > 0 } == 2 + 3 * wanted.rounds)
    }
    #expect(result.counters.map(\.value) == [1])
  }

  @Test(arguments: 0..<4) func `Triangles are those of three loops`(seed: Int) throws {
    let edges = Self.edges(seed, nodes: 25, count: [0, 40, 120, 300][seed])
    let file = try TemporaryFile(lines: edges.map { "\($0.0) \($0.1)" })
    let result = try run(TriangleCount.self, [file.path])
    let found = try result.pairs("triangle-count", as: (Int, Int).self)
    let all = Set(edges.flatMap { [[$0.0, $0.1], [$0.1, $0.0]] })
    var wanted: [Int: Int] = [:]
    var count = 0
    for a in 0...25 {
      for b in (a + 1)..<27 where all.contains([a, b]) {
        for c in (b + 1)..<28 where all.contains([b, c]) && all.contains([a, c]) {
          count += 1
          for node in [a, b, c] { wanted[node, default: 0] += 1 }
        }
      }
    }
    #expect(Dictionary(uniqueKeysWithValues: found) == wanted)
    #expect(result.counters.map(\.value) == [0, count])
  }

  @Test(arguments: 1..<4) func `Sequences of words are counted as a sliding window counts them`(
    n: Int
  ) throws {
    var random = RandomSource(n)
    let lines = (0..<200).map { _ in
      (0..<random.number(0...9)).map { _ in ["a", "be", "see", "d"][random.number(0...3)] }
        .joined(separator: " ")
    }
    let file = try TemporaryFile(lines: lines)
    var wanted: [String: Int] = [:]
    for line in lines {
      let words = line.split(separator: " ")
      for start in words.indices where start + n <= words.count {
        wanted[words[start..<(start + n)].joined(separator: " "), default: 0] += 1
      }
    }
    let all = try run(NGrams.self, [file.path, "--n", "\(n)", "--top", "0", "--at-least", "3"])
      .pairs("ngrams", as: (String, Int).self)
    let frequent = wanted.filter { $0.value >= 3 }
    #expect(Dictionary(uniqueKeysWithValues: all) == frequent)
    let top = try run(NGrams.self, [file.path, "--n", "\(n)", "--top", "5"])
      .pairs("ngrams", as: (String, Int).self)
    #expect(top.map(\.1) == Array(wanted.values.sorted(by: >).prefix(5)))
    #expect(top.allSatisfy { wanted[$0.0] == $0.1 })
  }

  @Test func `Centres are where points gather`() throws {
    var random = RandomSource(5)
    let middles = [(0, 0), (1000, 0), (0, 1000), (1000, 1000)]
    let points = (0..<600).map { index -> (Double, Double) in
      let middle = middles[index % 4]
      return (
        Double(middle.0 + random.number(-90...90)), Double(middle.1 + random.number(-90...90))
      )
    }
    let file = try TemporaryFile(lines: points.map { "\($0.0),\($0.1)" } + ["1,x"])
    let result = try run(
      KMeans.self, [file.path, "--k", "4", "--rounds", "60", "--tolerance", "0", "--seed", "3"])
    let centres = try result.pairs("kmeans", as: (Int, [Double]).self)
    #expect(result.counters.map(\.value) == [1])
    // Each centre is the mean of the points that are nearest to it: nothing would move any more.
    var sums: [Int: (x: Double, y: Double, count: Int)] = [:]
    for (x, y) in points {
      let nearest = try #require([x, y].nearest(centres.map { (key: $0.0, value: $0.1) }))
      let sum = sums[nearest, default: (0, 0, 0)]
      sums[nearest] = (sum.x + x, sum.y + y, sum.count + 1)
    }
    #expect(sums.count == centres.count)
    for (key, centre) in centres {
      let sum = try #require(sums[key])
      #expect(abs(centre[0] - sum.x / Double(sum.count)) < 1e-6)
      #expect(abs(centre[1] - sum.y / Double(sum.count)) < 1e-6)
    }
  }

  @Test func `Points of different sizes are an error`() throws {
    let file = try TemporaryFile(lines: ["1,2", "1,2,3"])
    let error = #expect(throws: JobError.self) {
      _ = try run(KMeans.self, [file.path, "--k", "1"])
    }
    #expect(try #require(error).message.contains("coordinates"))
  }
}
