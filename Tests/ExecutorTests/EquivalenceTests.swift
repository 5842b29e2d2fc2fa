// SPDX-License-Identifier: Apache-2.0
import Exchange
import ExecutorSupport
import Foundation
import Memory
import Testing

@testable import FaultyJobs
@testable import Jobs
@testable import MapReduce

/// What runs in executors is what runs inline, byte by byte.
@Suite struct EquivalenceTests {
  private func expectEqual<J: Job>(
    _: J.Type, _ arguments: [String], in directory: String, executable: String = Built.mapred,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let place = try Workplace()
    let driver = Driver(
      place: place, job: JobSpec(J.name, arguments, in: directory), executable: executable)
    let driven = try driver.run()
    let absolute = arguments.map { argument in
      FileManager.default.fileExists(atPath: "\(directory)/\(argument)")
        ? "\(directory)/\(argument)" : argument
    }
    let inline = try InlineRunner(threads: 2).run(Plan(J.parse(absolute)))
    #expect(inline.outputs.map(\.name) == driven.plan.outputs.map(\.name))
    for output in inline.outputs {
      let tallies = try #require(driven.outputs[output.name], sourceLocation: sourceLocation)
      let digests = output.runs.map { $0.digest }
      #expect(
        tallies.map(\.digest) == digests, "\(J.name) \(output.name)", sourceLocation: sourceLocation
      )
      #expect(tallies.map(\.records) == output.runs.map(\.records), sourceLocation: sourceLocation)
      #expect(output.records > 0, "there is something to compare", sourceLocation: sourceLocation)
    }
    #expect(place.deaths.isEmpty)
  }

  @Test func `Words are counted alike`() throws {
    let corpus = try Corpus()
    try expectEqual(WordCount.self, ["texts"], in: corpus.path)
  }

  @Test func `Lines are found alike`() throws {
    let corpus = try Corpus()
    try expectEqual(Grep.self, ["alpha", "texts"], in: corpus.path)
  }

  @Test func `An index is made alike`() throws {
    let corpus = try Corpus()
    try expectEqual(InvertedIndex.self, ["documents.txt"], in: corpus.path)
  }

  @Test func `Numbers are summed up alike`() throws {
    let corpus = try Corpus()
    // Many splits, whose sums are of different sizes.
    let numbers = (0..<300_000).map { index in
      let scale = [1, 1e6, 1e3, 1e9, 1e-3][index / 17_000 % 5]
      return "\(Double(index * 7919 % 10_007) / 7 * scale)"
    }
    try corpus.write("many.csv", numbers)
    try expectEqual(Histogram.self, ["many.csv", "--width", "1e9"], in: corpus.path)
  }

  @Test func `Stages in a row end alike`() throws {
    let corpus = try Corpus()
    try expectEqual(Chained.self, ["texts"], in: corpus.path, executable: Built.faulty)
  }

  @Test func `Rounds, joins and broadcasts end alike`() throws {
    let corpus = try Corpus()
    let edges = (0..<4000).map { index in
      "\(index * 7919 % 307) \((index * 104_729 + 13) % 311)"
    }
    try corpus.write("edges.txt", edges)
    try expectEqual(PageRank.self, ["edges.txt", "--tolerance", "1e-4"], in: corpus.path)
    try expectEqual(TriangleCount.self, ["edges.txt"], in: corpus.path)
    let points = (0..<3000).map { index in
      "\(index % 7 * 100 + index * 31 % 17),\(index % 3 * 50 + index * 17 % 11)"
    }
    try corpus.write("points.csv", points)
    try expectEqual(KMeans.self, ["points.csv", "--k", "5"], in: corpus.path)
    try expectEqual(NGrams.self, ["texts", "--n", "2"], in: corpus.path)
  }

  @Test func `Tables of all formats are read alike`() throws {
    let corpus = try Corpus()
    // Notes with line ends, in several splits.
    let orders = (0..<30_000).map { "\"customer\n\($0 % 900)\",\($0 % 97),\"\($0 * 7919),\nnote\"" }
    try corpus.write("orders.csv", ["customer,cents,note"] + orders)
    try corpus.write("visits.jsonl", (0..<30_000).map { #"{"n":\#($0),"user":"u\#($0 % 700)"}"# })
    try corpus.write(
      "records.bin", (0..<30_000).map { String("\($0 + 1_000_000_000) 12345".prefix(15)) })
    try expectEqual(
      Tables.self, ["orders.csv", "visits.jsonl", "records.bin"], in: corpus.path,
      executable: Built.faulty)
  }

  @Test func `Lines are made, sorted and checked alike`() throws {
    let corpus = try Corpus()
    try expectEqual(TeraGen.self, ["30000"], in: corpus.path)
    try corpus.write("lines.txt", (0..<30_000).map { teraLine(row: $0, seed: 3) })
    try expectEqual(TeraSort.self, ["lines.txt"], in: corpus.path)
    try expectEqual(TeraValidate.self, ["lines.txt"], in: corpus.path)
  }
}

extension Run {
  /// XXH64 of all frames, in order.
  var digest: UInt64 {
    var frames = ByteBuffer()
    RunSlice(run: self, range: 0..<records).forEach {
      frames.appendFrame(key: $0.key, value: $0.value)
    }
    return Checksum.of(frames.bytes)
  }
}
