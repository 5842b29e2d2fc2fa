// SPDX-License-Identifier: Apache-2.0
import Membership
import Simulation
import Testing

@Suite struct ClusterRunTests {
  @Test("Clusters in which everything goes wrong keep what they promise", arguments: [1, 3, 5, 7])
  func allFaults(_ nodes: Int) {
    let first = UInt64.random(in: 0..<1_000_000)
    print("clusters of \(nodes) nodes, seeds \(first) to \(first + 4)")
    for seed in first..<first + 5 {
      let outcome = ClusterRun(ClusterScenario(seed: seed, nodes: nodes)).play()
      #expect(outcome.violations.isEmpty, "seed \(seed), \(nodes) nodes")
    }
  }

  @Test("Without faults all clients are answered, and nobody leaves a view", arguments: [1, 4])
  func noFaults(_ nodes: Int) {
    for seed in 1...15 as ClosedRange<UInt64> {
      let scenario = ClusterScenario(seed: seed, nodes: nodes, kinds: [])
      let outcome = ClusterRun(scenario).play()
      #expect(outcome.violations.isEmpty)
      #expect(outcome.operations >= scenario.operations)
      #expect(outcome.views <= UInt64(nodes))
    }
  }

  @Test("Who waits has nothing to do, also where what arrives is seen late", arguments: [1, 3, 4])
  func late(_ nodes: Int) {
    for seed in 1...15 as ClosedRange<UInt64> {
      let scenario = ClusterScenario(seed: seed, nodes: nodes, kinds: [])
      let outcome = ClusterRun(scenario, isLate: true).play()
      #expect(outcome.violations.isEmpty, "seed \(seed)")
      #expect(outcome.operations >= scenario.operations)
    }
  }

  @Test("A seed is the same run each time, step by step")
  func determinism() {
    for seed in 100...104 as ClosedRange<UInt64> {
      let runs = (0..<2).map { _ in
        ClusterRun(
          ClusterScenario(seed: seed, nodes: 5), keepsTrace: true, recordsProtocol: true
        ).play()
      }
      #expect(runs[0].steps == runs[1].steps)
      #expect(runs[0].trace == runs[1].trace)
      #expect(runs[0].protocolTrace == runs[1].protocolTrace)
      #expect(!runs[0].protocolTrace.isEmpty)
    }
  }

  @Test("Faults that are taken away leave the others as they are")
  func keeping() throws {
    let scenario = try #require(
      (1...50).lazy.map { ClusterScenario(seed: $0, nodes: 5) }.first { $0.faults.count >= 3 })
    let fewer = scenario.keeping([0, 2])
    #expect(fewer.faults == [scenario.faults[0], scenario.faults[2]])
    #expect(fewer.seed == scenario.seed)
  }

  @Test("Shrinking keeps a scenario failing, and no fault that it can do without")
  func shrinking() throws {
    let scenario = try #require(
      (1...200).lazy.map { ClusterScenario(seed: $0, nodes: 5) }.first { $0.faults.count >= 8 })
    let needed = [scenario.faults[1], scenario.faults[5]]
    var plays = 0
    let kept = scenario.shrunk { fewer in
      plays += 1
      return needed.allSatisfy(fewer.faults.contains)
    }
    #expect(scenario.keeping(kept).faults == needed)
    #expect(plays <= scenario.faults.count * scenario.faults.count)
  }
}
