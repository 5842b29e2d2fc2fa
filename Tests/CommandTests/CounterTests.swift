// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("What jobs count")
struct CounterTests {
  @Test("Totals stand in the summary and in JSON, and the names in the plan")
  func totals() async throws {
    let scratch = try Scratch()
    let lines = (0..<1500).map { "word\($0 % 40) word\($0 % 7)\n" }.joined()
    try scratch.write("in.txt", lines)
    let shown = try await scratch.faultyJobs("run", "counts", "in.txt", "--threads", "3")
    #expect(shown.code == 0)
    for line in ["counted  1,500 lines", "counted  3,000 words", "counted  40 keys"] {
      #expect(shown.words.contains(line), "\(shown.words)")
    }
    let json = try await scratch.faultyJobs("run", "counts", "in.txt", "--json")
    let summary = try #require(try json.objects().last)
    let counters = try #require(summary["counters"] as? [String: Any])
    #expect(counters.mapValues { $0 as? Double } == ["lines": 1500, "words": 3000, "keys": 40])
    let plan = try await scratch.faultyJobs("explain", "counts", "in.txt")
    #expect(plan.lines.suffix(3) == ["counter lines", "counter words", "counter keys"])
  }
}
