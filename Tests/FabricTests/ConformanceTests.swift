// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Testing

/// A seed of this run; printed by every test that uses it.
let runSeed = Int.random(in: 1...1_000_000_000)

@Suite(.serialized) struct ConformanceTests {
  @Test("shared memory keeps the contract", arguments: FabricSuite.checks.map(\.name), [2, 3])
  func sharedMemory(_ name: String, members: Int) throws {
    print("check \(name), \(members) members, seed \(runSeed)")
    let directory = try SocketDirectory()
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    let outcome = FabricSuite.run(
      check, over: sharedMemoryKind(directory), CheckSettings(members: members, seed: runSeed))
    if case .skipped(let reason) = outcome { print("skipped \(name): \(reason)") }
    if case .broken(let violation) = outcome {
      Issue.record("\(check.promise): \(violation), seed \(runSeed)")
    }
  }
}
