// SPDX-License-Identifier: Apache-2.0

/// All checks of the contract.
package enum FabricSuite {
  package static let checks: [Check] =
    [
      .counterAfterPayload, .prefixOrder, .noTornCell, .silence, .leaving, .dying, .fencing,
      .waking,
      .wakingFromHome, .parking, .relaying, .randomPushes, .fullWindow, .stalledReader, .holders,
      .valuesWhenPosted,
    ]

  package enum Outcome: Sendable {
    case kept
    case skipped(reason: String)
    case broken(String)

    package var isBroken: Bool { if case .broken = self { true } else { false } }
  }

  /// Runs one check over a kind of fabric.
  package static func run(
    _ check: Check, over kind: some FabricKind, _ settings: CheckSettings
  ) -> Outcome {
    if let reason = reasonToSkip(check, settings.members, hasThreads: kind.hasThreads) {
      return .skipped(reason: reason)
    }
    do {
      try kind.run(check, settings)
      return .kept
    } catch {
      return .broken("\(error)")
    }
  }

  /// Why a check says nothing about a group; nil where it does.
  package static func reasonToSkip(
    _ check: Check, _ members: Int, hasThreads: Bool
  ) -> String? {
    if members < check.membersMinimum { return "it takes \(check.membersMinimum) members" }
    if check.needsThreads, !hasThreads { return "members that are driven do not park" }
    return nil
  }
}
