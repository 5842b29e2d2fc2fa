// SPDX-License-Identifier: Apache-2.0
import Membership
import Replication
import Simulation
import Testing
import Vocabulary

/// The checker is tested on what it has to find.
@Suite struct AgreementCheckerTests {
  private let a = NodeID(high: 1, low: 1)
  private let b = NodeID(high: 2, low: 2)

  private func version(_ sequence: UInt64) -> Version { Version(view: 1, sequence: sequence) }

  private func apply(
    _ checker: inout AgreementChecker, _ sequence: UInt64, _ bytes: [UInt8], at node: NodeID
  ) {
    checker.apply(.coordinator, version(sequence), sender: a, bytes, at: node)
  }

  @Test("One order at all nodes is fine, also for one that joins in the middle")
  func fine() {
    var checker = AgreementChecker()
    for sequence in [0, 1, 4] as [UInt64] { apply(&checker, sequence, [7], at: a) }
    apply(&checker, 1, [7], at: b)
    apply(&checker, 4, [7], at: b)
    checker.check(.coordinator, version(4), digest: [1], at: a)
    checker.check(.coordinator, version(4), digest: [1], at: b)
    #expect(checker.violations.isEmpty)
    #expect(checker.log(.coordinator).map(\.version.sequence) == [0, 1, 4])
  }

  @Test("A gap, another order, other bytes and another sender are found")
  func deviations() {
    let orders: [[(UInt64, [UInt8])]] = [
      [(0, [0]), (2, [2])], [(1, [1]), (0, [0])], [(0, [0]), (1, [9])],
    ]
    for order in orders {
      var checker = AgreementChecker()
      for sequence in 0...2 as ClosedRange<UInt64> {
        apply(&checker, sequence, [UInt8(sequence)], at: a)
      }
      for (sequence, bytes) in order { apply(&checker, sequence, bytes, at: b) }
      #expect(!checker.violations.isEmpty, "\(order)")
    }
    var checker = AgreementChecker()
    apply(&checker, 0, [0], at: a)
    checker.apply(.coordinator, version(0), sender: b, [0], at: b)
    #expect(!checker.violations.isEmpty)
  }

  @Test("Two views of one number and two states of one version are found")
  func views() {
    func view(_ name: String) -> View {
      View.founding(
        cluster: a,
        founder: MemberRecord(id: a, name: name, host: "h", address: "x:1", endpoint: ""),
        rules: LayoutRules())
    }
    var checker = AgreementChecker()
    checker.enter(view("n1"))
    checker.enter(view("n1"))
    #expect(checker.violations.isEmpty)
    checker.enter(view("n2"))
    #expect(checker.violations.count == 1)
    checker.check(.coordinator, version(3), digest: [1], at: a)
    checker.check(.coordinator, version(3), digest: [2], at: b)
    #expect(checker.violations.count == 2)
  }
}
