// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Testing

/// A seed of this run; printed by every test that uses it.
let runSeed = Int.random(in: 1...1_000_000_000)

@Suite(.serialized) struct ConformanceTests {
  @Test(
    "shared memory keeps the contract in a million pushes and messages of 8 MiB",
    arguments: ["random", "counter"])
  func sharedMemoryInFull(_ name: String) throws {
    print("check \(name) in full, seed \(runSeed)")
    let directory = try SocketDirectory()
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    let outcome = FabricSuite.run(
      check, over: sharedMemoryKind(directory), CheckSettings(seed: runSeed, scale: .full))
    if case .broken(let violation) = outcome {
      Issue.record("\(check.promise): \(violation), seed \(runSeed)")
    }
  }

  @Test("shared memory keeps the contract", arguments: FabricSuite.checks.map(\.name), [2, 3])
  func sharedMemory(_ name: String, members: Int) throws {
    try run(name, members, over: sharedMemoryKind(try SocketDirectory()))
  }

  @Test("TCP keeps the contract", arguments: FabricSuite.checks.map(\.name), [2, 3])
  func tcp(_ name: String, members: Int) throws {
    try run(name, members, over: tcpKind())
  }

  @Test(
    "members of several hosts keep the contract", arguments: FabricSuite.checks.map(\.name),
    [[0, 0, 1], [0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0], [0, 1, 2]])
  func mixed(_ name: String, hosts: [Int]) throws {
    let kind = mixedKind(try SocketDirectory(), hosts: hosts)
    try run(name, hosts.count, over: kind, hosts: Hosts(hosts))
  }

  private func run(
    _ name: String, _ members: Int, over kind: some FabricKind, hosts: Hosts? = nil
  ) throws {
    print("check \(name) over \(kind.name), \(members) members, seed \(runSeed)")
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    var settings = CheckSettings(members: members, seed: runSeed)
    settings.hosts = hosts
    let outcome = FabricSuite.run(check, over: kind, settings)
    if case .skipped(let reason) = outcome { print("skipped \(name): \(reason)") }
    if case .broken(let violation) = outcome {
      Issue.record("\(check.promise): \(violation), seed \(runSeed)")
    }
  }
}
