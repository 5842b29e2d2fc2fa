// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import FabricConformance
import Fabrics
import Glibc
import Synchronization
import Vocabulary

/// `FabricCheck contract`: the suite.
struct Contract: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the checks of the contract. The default.")

  @OptionGroup var membership: Membership
  @Option(help: "What random choices follow from; the same for all members.") var seed = 1
  @Option(help: "How much to do: quick or full.") var scale = "quick"
  @Option(help: "Only these checks, between commas.") var only: String?
  @Option(help: "Seconds after which a check hangs.") var limit = 120

  func validate() throws {
    if Scale(rawValue: scale) == nil { throw ValidationError("--scale takes quick or full") }
    for name in names where !FabricSuite.checks.contains(where: { $0.name == name }) {
      throw ValidationError(
        "no check is called \"\(name)\"; there are "
          + FabricSuite.checks.map(\.name).joined(separator: ", "))
    }
  }

  private var names: [String] { only?.split(separator: ",").map(String.init) ?? [] }

  /// In a process of its own a member dies with it, so that check comes last.
  private var checks: [Check] {
    let chosen = FabricSuite.checks.filter { names.isEmpty || names.contains($0.name) }
    return chosen.filter { $0.name != Check.dying.name }
      + chosen.filter { $0.name == Check.dying.name }
  }

  func run() throws {
    var settings = CheckSettings(
      members: membership.members, seed: seed, scale: Scale(rawValue: scale) ?? .quick,
      limitSeconds: limit)
    settings.hosts = membership.hostsByRank
    var brokenCount = 0
    for (round, check) in checks.enumerated() {
      let outcome =
        membership.all
        ? runThreads(check, round, settings)
        : runMember(check, round, settings, isCleanSoFar: brokenCount == 0)
      report(check, outcome)
      if outcome.isBroken { brokenCount += 1 }
    }
    if brokenCount > 0 { throw ExitCode(1) }
  }

  private func report(_ check: Check, _ outcome: FabricSuite.Outcome) {
    switch outcome {
    case .kept: say("kept     \(check.name): \(check.promise)")
    case .skipped(let reason): say("skipped  \(check.name): \(reason)")
    case .broken(let violation):
      say("BROKEN   \(check.name): \(check.promise): \(violation) (seed \(seed))")
    }
  }

  private func runThreads(
    _ check: Check, _ round: Int, _ settings: CheckSettings
  ) -> FabricSuite.Outcome {
    let places = membership.addresses(round: round)
    let kind = ThreadedKind(
      membership.transport.rawValue, addresses: { _ in places }, open: membership.open)
    return FabricSuite.run(check, over: kind, settings)
  }

  private func runMember(
    _ check: Check, _ round: Int, _ settings: CheckSettings, isCleanSoFar: Bool
  ) -> FabricSuite.Outcome {
    if let reason = FabricSuite.reasonToSkip(check, settings.members, hasThreads: true) {
      return .skipped(reason: reason)
    }
    do {
      let part = settings.part(membership.rank ?? 0)
      let fabric = try membership.open(
        part.rank, try check.layout(settings.members), membership.addresses(round: round))
      defer { fabric.close() }
      let loop = MemberLoop(fabric, check, part, limitSeconds: limit) { _ in
        say("kept     \(check.name): this member ends here")
        _exit(isCleanSoFar ? 0 : 1)
      }
      try loop.run()
      return .kept
    } catch {
      return .broken("\(error)")
    }
  }
}
