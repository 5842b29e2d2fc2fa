// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Testing

/// The suite itself: it passes a fabric that copies, and catches each fault by the check that is
/// there for it.
@Suite(.serialized) struct SuiteTests {
  @Test("a simple fabric that copies keeps the contract", arguments: FabricSuite.checks.map(\.name))
  func copying(_ name: String) throws {
    let check = try #require(FabricSuite.checks.first { $0.name == name })
    let outcome = FabricSuite.run(check, over: localKind(nil), CheckSettings(seed: runSeed))
    if case .broken(let violation) = outcome {
      Issue.record("\(check.promise): \(violation), seed \(runSeed)")
    }
  }

  /// Which checks have to catch a fault; others may, too.
  static let catchers: [(FabricFault, [String])] = [
    (.counterBeforePayload, ["counter", "window", "random", "relay"]),
    (.swapsPushes, ["order"]),
    (.tornCell, ["torn", "random"]),
    (.losesPush, ["counter", "window"]),
    (.losesLastByte, ["counter"]),
    (.landsTwice, ["window"]),
    (.readsCellsLate, ["order"]),
    (.forgetsRelayedPayload, ["relay"]),
    (.landsAtNonHolders, ["holders"]),
    (.pushBlocks, ["silence"]),
    (.pushToDeadBlocks, ["leaving"]),
    (.reportsTwice, ["leaving"]),
    (.reportsNobody, ["leaving", "dying"]),
    (.reportsLiving, ["order"]),
    (.reportsStalled, ["stall"]),
    (.forgetsTheRest, ["leaving"]),
    (.fenceLetsIn, ["fence"]),
    (.fenceLetsOut, ["fence"]),
    (.losesWakeUp, ["waking"]),
    (.losesWakeFromHome, ["waker"]),
    (.parkReturnsAtOnce, ["parking"]),
    (.parkSpins, ["parking"]),
    (.parkIgnoresDeadline, ["parking"]),
  ]

  @Test("the suite catches each fault", arguments: FabricFault.allCases)
  func catches(_ fault: FabricFault) throws {
    let names = try #require(Self.catchers.first { $0.0 == fault }?.1, "nobody catches \(fault)")
    for name in names {
      let check = try #require(FabricSuite.checks.first { $0.name == name })
      guard let violation = violation(of: check, fault) else {
        Issue.record("check \(name) does not see \(fault), seed \(runSeed)")
        continue
      }
      print("\(fault), \(name): \(violation)")
    }
  }

  /// What the check says of the fault. Some faults need some luck to be seen: threads run in
  /// another order each time.
  private func violation(of check: Check, _ fault: FabricFault) -> String? {
    for attempt in 0..<3 {
      let settings = CheckSettings(seed: runSeed + attempt, limitSeconds: 4)
      let outcome = FabricSuite.run(check, over: localKind(fault), settings)
      if case .broken(let violation) = outcome { return violation }
    }
    return nil
  }
}
