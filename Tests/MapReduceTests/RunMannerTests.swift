// SPDX-License-Identifier: Apache-2.0
import Exchange
import Synchronization
import Testing

@testable import MapReduce

@Suite struct RunMannerTests {
  /// The order in which values come to be mapped.
  private final class Arrivals: Sendable {
    private let all = Mutex<[Int]>([])
    func note(_ number: Int) { all.withLock { $0.append(number) } }
    var numbers: [Int] { all.withLock { $0 } }
  }

  private func run(
    _ manner: RunManner, threads: Int, noting arrivals: Arrivals
  ) throws -> JobResult {
    let plan = try Plan("numbers") { flow in
      let numbers = flow.read(.values(Array(0..<1000)))
        .map { number in
          arrivals.note(number)
          return number
        }
      numbers.write(.result("numbers"))
      numbers.keyed { ($0 % 7, [$0]) }.reduce(+).write(.result("lists"))
      numbers.sorted().write(.result("sorted"))
    }
    return try InlineRunner(threads: threads, manner: manner).run(plan)
  }

  @Test(arguments: [1, 2, 5]) func `Mapping backward changes the order of the work alone`(
    threads: Int
  ) throws {
    var backward = RunManner()
    backward.mapsBackward = true
    let arrivals = (Arrivals(), Arrivals())
    let plain = try run(RunManner(), threads: 1, noting: arrivals.0)
    let other = try run(backward, threads: threads, noting: arrivals.1)
    #expect(arrivals.0.numbers != arrivals.1.numbers)
    // All of them, once each, but for those that were sampled.
    #expect(Set(arrivals.0.numbers) == Set(arrivals.1.numbers))
    #expect(arrivals.0.numbers.count == arrivals.1.numbers.count)
    for (one, another) in zip(plain.outputs, other.outputs) {
      let agree = try one.encoded() == another.encoded()
      #expect(agree, "\(one.name)")
      #expect(one.tallies == another.tallies)
    }
    #expect(plain.difference(from: other, try Plan("numbers", Self.empty).description) == nil)
  }

  private static func empty(_ flow: Flow) {
    flow.read(.values([0])).write(.result("numbers"))
    flow.read(.values([0])).write(.result("lists"))
    flow.read(.values([0])).write(.result("sorted"))
  }

  @Test func `Beginnings are the first splits of each input, and whole splits`() throws {
    let directory = try TemporaryDirectory()
    let long = try directory.write("long", String(repeating: "0123456\n", count: 100_000))
    let short = try directory.write("short", "x\n")
    var manner = RunManner()
    manner.readsBeginnings = true
    let plan = try Plan("lines") { flow in
      flow.read(.lines([short, long])).keyed { (String($0), 1) }.reduce(+).write(.result("both"))
      flow.read(.lines(short)).write(.result("short"))
      flow.read(.lines(long)).union(flow.read(.lines(short)))
        .keyed { (String($0), 1) }.reduce(+).write(.result("union"))
    }
    let result = try InlineRunner(threads: 2, manner: manner).run(plan)
    let both = try result.pairs("both", as: (String, Int).self)
    #expect(both.map(\.0) == ["0123456", "x"])
    #expect(both.map(\.1) == [32_768, 1])
    #expect(try result.keys("short", as: String.self) == ["x"])
    let union = try result.pairs("union", as: (String, Int).self)
    #expect(union.map(\.1) == [32_768, 1])
  }
}
