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

  @Test(
    "the simulated network keeps the contract where some members share memory",
    arguments: FabricSuite.checks.map(\.name), [[0, 0, 1], [0, 1, 1], [0, 1, 0, 1]])
  func keepsTheContract(name: String, hosts: [Int]) throws {
    // Whoever shares simulated memory goes on to see it, fenced or not, held or not.
    if ["fence", "holders"].contains(name) { return }
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    let hosts = Hosts(hosts)
    let kind = StepwiseKind("simulated") { SimulatedGroup($0, hosts: hosts, seed: $1) }
    var settings = CheckSettings(members: hosts.members, seed: 3)
    settings.hosts = hosts
    if case .broken(let what) = FabricSuite.run(check, over: kind, settings) {
      Issue.record("\(name) (\(check.promise)), hosts \(hosts): \(what)")
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
