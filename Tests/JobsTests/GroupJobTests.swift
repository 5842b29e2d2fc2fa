// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

/// Jobs that bring all values of a key together, against loops that anybody would write.
@Suite struct GroupJobTests {
  @Test(arguments: 0..<6) func `Sessions are what walking through sorted events gives`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    var events: [(user: String, time: Int)] = []
    for _ in 0..<[0, 1, 30, 800][seed % 4] {
      events.append(("u\(random.number(0...6))", random.number(0...500)))
    }
    var lines = events.map { "\($0.user);\($0.time);x" }
    lines.insert("no event", at: random.number(0...lines.count))
    let file = try TemporaryFile(lines: lines)
    let result = try run(Sessions.self, [file.path, "--separator", ";", "--gap", "10"])
    var wanted: [(String, Session)] = []
    for (user, events) in Dictionary(grouping: events, by: \.user).sorted(by: { $0.key < $1.key }) {
      var last: Int?
      for time in events.map(\.time).sorted() {
        if let last, time - last < 10 {
          wanted[wanted.count - 1].1.end = Double(time)
          wanted[wanted.count - 1].1.events += 1
        } else {
          wanted.append((user, Session(at: Double(time))))
        }
        last = time
      }
    }
    let found = try result.pairs("sessions", as: (Tuple<String, Double>, Session).self)
    #expect(found.map(\.0.parts.0) == wanted.map(\.0))
    #expect(found.map(\.0.parts.1) == wanted.map(\.1.start))
    #expect(found.map(\.1) == wanted.map(\.1))
  }

  @Test(arguments: 0..<4) func `Percentiles of log entries are those of sorted sizes`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    var sizes: [String: [Int]] = [:]
    var lines = ["", "127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET\" 200 5", "a \"b c\" x 3"]
    for _ in 0..<[1, 30, 700, 2000][seed] {
      let path = "/p\(random.number(0...9))"
      let size = random.number(0...100_000)
      sizes[path, default: []].append(size)
      let query = random.number(0...3) == 0 ? "?q=1" : ""
      let agent = random.number(0...1) == 0 ? " \"-\" \"agent\"" : ""
      lines.append(
        "10.0.0.1 - u [10/Oct/2000:13:55:36 -0700] \"GET \(path)\(query) HTTP/1.1\" 200 "
          + (size == 0 ? "-" : "\(size)") + agent)
    }
    let file = try TemporaryFile(lines: lines)
    let found = try run(LogStats.self, [file.path])
      .pairs("logstats", as: (String, Percentiles).self)
    #expect(found.map(\.0) == sizes.keys.sorted())
    for (path, percentiles) in found {
      let sorted = try #require(sizes[path]).sorted()
      func rank(_ percent: Double) -> Int {
        sorted[Int((Double(sorted.count) * percent / 100).rounded(.up)) - 1]
      }
      #expect(percentiles.count == sorted.count && percentiles.largest == sorted.last)
      let found = [percentiles.p50, percentiles.p90, percentiles.p99]
      #expect(found == [rank(50), rank(90), rank(99)])
    }
  }

  @Test func `Different lines, or values of a field, are counted once`() throws {
    let lines = try Corpus.files.flatMap(Corpus.lines)
    let file = try TemporaryFile(lines: lines)
    let counts = try run(DistinctCount.self, [file.path]).values("distinct-count", as: Int.self)
    #expect(counts == [Set(lines.map { Array($0.utf8) }).count])
    let fields = try TemporaryFile(lines: ["a,1", "b,2", "c,1", "d", "e,"])
    let options = [fields.path, "--field", "2"]
    #expect(try run(DistinctCount.self, options).values("distinct-count", as: Int.self) == [3])
  }
}
