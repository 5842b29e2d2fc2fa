// SPDX-License-Identifier: Apache-2.0
import Simulation
import Testing

/// Random groups, played on the simulated network by the code that runs in production.
@Suite struct MulticastSimulationTests {
  /// How many seeds are tried. More, for longer runs, by `MAPRED_SEEDS`.
  private static let seeds = Seeds.count(usually: 60)

  @Test("order, completeness and stability hold over random groups, sizes, delays and deaths")
  func randomScenarios() throws {
    var delivered = 0
    var steps = 0
    for seed in 0..<UInt64(Self.seeds) {
      let scenario = MulticastScenario(seed: seed)
      let outcome = try MulticastRun(scenario).play()
      delivered += outcome.delivered
      steps += outcome.steps
      #expect(outcome.violations == [], "\(scenario)")
      if !outcome.violations.isEmpty { break }
    }
    print("\(Self.seeds) seeds: \(steps) steps, \(delivered) messages delivered")
    #expect(delivered > 20 * Self.seeds, "the scenarios hardly deliver anything")
  }
}
