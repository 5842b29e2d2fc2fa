// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Glibc
import TestSupport
import Testing

/// Members in processes of their own, over TCP.
@Suite(.serialized) struct TCPProcessTests {
  /// Three addresses with as many ports behind each as a run takes, below those of other tests.
  private func addresses(_ round: Int) -> String {
    let base = 4000 + Int(getpid()) % 25 * 200 + round * 3
    return (0..<3).map { "127.0.0.1:\(base + $0 * 60)" }.joined(separator: ",")
  }

  @Test("Three processes keep the contract over TCP, and see one of them die")
  func contract() throws {
    print("seed \(runSeed)")
    let members = try (0..<3).map { rank in
      try MemberProcess([
        "--transport", "tcp", "--addresses", addresses(0), "--rank", "\(rank)", "--seed",
        "\(runSeed)",
      ])
    }
    for member in members {
      #expect(try member.end(seconds: 120) == 0, "\(member.output)")
      #expect(member.lines.count == FabricSuite.checks.count)
      #expect(member.lines.allSatisfy { $0.hasPrefix("kept ") }, "\(member.output)")
    }
  }

  @Test("When a process is killed at any moment, the others see it once over TCP and go on")
  func killing() throws {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    for round in 0..<8 {
      let places = addresses(6 + round)
      let members = try (0..<3).map { rank in
        try MemberProcess([
          "flow", "--transport", "tcp", "--addresses", places, "--rank", "\(rank)",
        ])
      }
      try killOne(of: members, round, &random)
    }
  }
}
