// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Simulation
import Testing

/// The simulated fabric keeps the contract that the real ones keep.
@Suite struct SimulatedFabricTests {
  private static let kind = StepwiseKind("simulated") { plan, seed in
    SimulatedGroup(plan, seed: seed)
  }

  @Test(
    "the simulated network keeps each promise of the contract",
    arguments: FabricSuite.checks.map(\.name))
  func keepsTheContract(name: String) throws {
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    for seed in 1...2 {
      switch FabricSuite.run(check, over: Self.kind, CheckSettings(seed: seed)) {
      case .kept: break
      case .skipped(let reason): print("simulated: \(name): skipped: \(reason)")
      case .broken(let what): Issue.record("\(name) (\(check.promise)), seed \(seed): \(what)")
      }
    }
  }
}
