// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension ClusterTests {
  /// Nodes and executors that die at any moment of a job.
  @Suite(.serialized) struct KillTests {
    /// How many blows each transport gets: `MAPRED_KILLS` where it is set.
    private static let kills =
      ProcessInfo.processInfo.environment["MAPRED_KILLS"].flatMap { Int($0) } ?? 8

    private static let seed =
      ProcessInfo.processInfo.environment["MAPRED_KILLS_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0..<1_000_000)

    private static let transports =
      ProcessInfo.processInfo.environment["MAPRED_KILLS_OVER"].map { [$0] } ?? ["shm", "tcp"]

    @Test(
      "Whoever is killed whenever: each job ends, once, and nobody reads half a result",
      arguments: transports)
    func kills(_ transport: String) async throws {
      try await KillCampaign.run(
        KillCampaign.Options(
          kills: Self.kills, transport: transport, nodes: transport == "shm" ? 5 : 4,
          seed: Self.seed))
    }
  }
}
