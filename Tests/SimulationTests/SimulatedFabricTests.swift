// SPDX-License-Identifier: Apache-2.0
import Environment
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

  @Test("a wake after arm keeps a simulated member from parking, or ends its park")
  func wakes() throws {
    let group = SimulatedGroup(try Check.waking.layout(2), seed: 1)
    let fabric = try #require(group.fabrics[0] as? SimulatedFabric)
    let waker = fabric.waker
    var events: [FabricEvent] = []
    fabric.arm()
    waker.wake()
    _ = fabric.poll(into: &events)
    fabric.park(nanoseconds: 0)
    #expect(!fabric.isParked)
    fabric.arm()
    fabric.park(nanoseconds: 0)
    #expect(fabric.isParked, "a wake before arm does not count")
    waker.wake()
    #expect(!fabric.isParked)
    fabric.arm()
    fabric.close()
    waker.wake()
    fabric.park(nanoseconds: 0)
    #expect(fabric.isParked, "after the end a wake does nothing")
  }
}
