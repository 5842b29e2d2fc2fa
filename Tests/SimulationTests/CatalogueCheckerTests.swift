// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Memory
import Replication
import Simulation
import Testing
import Vocabulary

/// The checker is tested on histories that no correct catalogue gives.
@Suite struct CatalogueCheckerTests {
  private typealias Applied = AgreementChecker.Applied
  private let node = NodeID(high: 9, low: 9)

  /// What one client's set of `name` looks like in the agreed order.
  private func set(
    _ number: UInt64, _ name: String, _ value: String, expected: UInt64? = nil
  ) -> Applied {
    var content = ByteBuffer()
    CatalogueCommand.set(name: name, value: Array(value.utf8), expected: expected)
      .write(into: &content)
    var out = ByteBuffer()
    let id = CommandID(session: node, number: number, acknowledged: 0)
    Submission.command(id, content.bytes).write(into: &out)
    return Applied(
      version: Version(view: 1, sequence: number), sender: node, bytes: Array(out.bytes))
  }

  private func operation(
    _ kind: Operation.Kind, _ value: String, _ times: (Int, Int), _ answer: CatalogueAnswer
  ) -> Operation {
    var operation = Operation(
      client: 0, kind: kind, name: "k", value: Array(value.utf8), start: times.0)
    operation.end = times.1
    operation.answer = answer
    return operation
  }

  private func entry(_ value: String, _ revision: UInt64) -> Entry {
    Entry(name: "k", value: Array(value.utf8), revision: revision)
  }

  private var log: [Applied] { [set(1, "k", "a"), set(2, "k", "b")] }
  private var writes: [Operation] {
    [
      operation(.set, "a", (0, 10), .changed(revision: 1)),
      operation(.set, "b", (20, 30), .changed(revision: 2)),
    ]
  }

  private func violations(_ log: [Applied], _ operations: [Operation]) -> [String] {
    CatalogueChecker(log, operations.sorted { $0.start < $1.start }).violations
  }

  @Test("A history that is linearizable is fine")
  func fine() {
    let reads = [
      operation(.get, "", (1, 9), .entry(nil)), operation(.get, "", (2, 25), .entry(entry("a", 1))),
      operation(.get, "", (31, 40), .entry(entry("b", 2))),
      operation(.compareAndSet(expected: 1), "c", (32, 41), .differs(entry("b", 2))),
    ]
    #expect(violations(log, writes + reads).isEmpty)
    // A command that was submitted twice happened once.
    #expect(violations(log + [set(2, "k", "b")], writes + reads).isEmpty)
  }

  @Test("What cannot have been is found")
  func found() {
    let wrong: [(String, [Operation])] = [
      ("a stale read", [operation(.get, "", (31, 40), .entry(entry("a", 1)))]),
      ("a read of the future", [operation(.get, "", (11, 15), .entry(entry("b", 2)))]),
      ("a read of what never was", [operation(.get, "", (31, 40), .entry(entry("x", 2)))]),
      ("a lost write", [operation(.set, "c", (31, 40), .changed(revision: 3))]),
      ("a write that another made", [operation(.set, "c", (31, 40), .changed(revision: 2))]),
      ("a write before its time", [operation(.set, "a", (31, 40), .changed(revision: 1))]),
      (
        "a comparison that should have held",
        [operation(.compareAndSet(expected: 2), "c", (31, 40), .differs(entry("b", 2)))]
      ),
      (
        "two reads in the wrong order",
        [
          operation(.get, "", (21, 22), .entry(entry("b", 2))),
          operation(.get, "", (23, 24), .entry(entry("a", 1))),
        ]
      ),
    ]
    for (what, operations) in wrong {
      #expect(!violations(log, writes + operations).isEmpty, "\(what)")
    }
  }
}
