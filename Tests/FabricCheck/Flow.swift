// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import FabricConformance
import Glibc
import Vocabulary

/// `FabricCheck flow`: pushes until a member is gone, and some time longer.
struct Flow: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pushes payload and counters until some member is killed; then the others go on.")

  @OptionGroup var membership: Membership
  @Option(help: "Seconds after which it gives up.") var limit = 60

  func run() throws {
    guard let rank = membership.rank else { throw ValidationError("flow needs --rank") }
    let part = Part(
      rank: Rank(rank), members: membership.members, seed: 1, scale: .quick,
      hosts: membership.hostsByRank)
    let fabric = try membership.open(
      part.rank, try Check.flow.layout(part.members), membership.addresses(round: 0))
    defer { fabric.close() }
    say("open")
    do {
      try MemberLoop(fabric, .flow(tell: { say($0) }), part, limitSeconds: limit).run()
      say("done")
    } catch {
      say("BROKEN \(error)")
      throw ExitCode(1)
    }
  }
}
