// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Memory
import Replication
import Vocabulary

/// Holds what clients of the catalogue saw against a naive catalogue that is fed the agreed order:
/// the history is linearizable, nothing that was acknowledged is lost, and each command happened
/// once.
///
/// Changes have revisions, so their order is known, and only the place of reads is open: each is
/// given the earliest place that what ended before it and what it saw allow. A history has places
/// for all of its operations if that finds them, because an earlier place never takes one away from
/// a later operation. O(operations · (operations + revisions)).
package struct CatalogueChecker {
  private let operations: [Operation]
  /// By revision, from 0: the catalogue as it then was.
  private var states: [[String: Entry]] = [[:]]
  package private(set) var violations: [String] = []

  /// `log`: what was applied, in the agreed order. `operations`: in the order of their starts.
  package init(_ log: [AgreementChecker.Applied], _ operations: [Operation]) {
    self.operations = operations
    var done: Set<String> = []
    for applied in log { replay(applied, &done) }
    checkOperations()
  }

  /// A second, naive implementation of commands and sessions.
  private mutating func replay(_ applied: AgreementChecker.Applied, _ done: inout Set<String>) {
    applied.bytes.withBytes { bytes in
      guard case .command(let id, let content)? = try? Submission.read(bytes),
        done.insert("\(id.session.text).\(id.number)").inserted
      else { return }
      var state = states[states.count - 1]
      guard let command = SimpleCommand(Array(content)) else { return }
      let old = state[command.name]?.revision ?? 0
      if let expected = command.expected, expected != old { return }
      if command.value == nil, old == 0 { return }
      let revision = UInt64(states.count)
      state[command.name] = command.value.map {
        Entry(name: command.name, value: $0, revision: revision)
      }
      states.append(state)
    }
  }

  private mutating func checkOperations() {
    var placed: [(end: Int, place: Int)] = []
    var revisions: [UInt64: Int] = [:]
    for (index, operation) in operations.enumerated() {
      guard let end = operation.end, let answer = operation.answer else { continue }
      let earliest = placed.filter { $0.end < operation.start }.map(\.place).max() ?? 0
      switch answer {
      case .changed(let revision):
        if let other = revisions[revision] {
          fail("operations \(other) and \(index) both made revision \(revision)")
        }
        revisions[revision] = index
        checkChange(operation, index, revision)
        if Int(revision) <= earliest {
          fail("operation \(index) made revision \(revision) after \(earliest) was seen")
        }
        placed.append((end, Int(revision)))
      case .entry(let entry), .differs(let entry):
        guard let place = place(of: operation, seeing: entry, from: earliest, end: end) else {
          fail(
            "operation \(index) (\(operation.kind) \(operation.name)) saw \(text(entry)), which "
              + "was never so at its time")
          continue
        }
        placed.append((end, place))
      default: fail("operation \(index) was answered something else: \(answer)")
      }
    }
  }

  private mutating func checkChange(_ operation: Operation, _ index: Int, _ revision: UInt64) {
    guard revision < UInt64(states.count) else {
      return fail("operation \(index) was told of revision \(revision), which is lost")
    }
    let entry = states[Int(revision)][operation.name]
    let isSo =
      operation.kind == .delete
      ? entry == nil : entry?.value == operation.value && entry?.revision == revision
    if !isSo { fail("revision \(revision) is not what operation \(index) made") }
  }

  /// The earliest place in which a read sees what it saw: not before `earliest`, and before all
  /// changes that began after its end.
  private func place(
    of operation: Operation, seeing entry: Entry?, from earliest: Int, end: Int
  ) -> Int? {
    let later = operations.filter { $0.start > end }.compactMap { other -> Int? in
      guard case .changed(let revision)? = other.answer else { return nil }
      return Int(revision) - 1
    }
    let last = min(later.min() ?? states.count - 1, states.count - 1)
    guard earliest <= last else { return nil }
    return (earliest...last).first { place in
      guard states[place][operation.name] == entry else { return false }
      // A command that found something else than it expected found just that.
      if case .compareAndSet(let expected) = operation.kind, operation.answer == .differs(entry) {
        return entry?.revision ?? 0 != expected
      }
      return true
    }
  }

  private func text(_ entry: Entry?) -> String {
    entry.map { "revision \($0.revision)" } ?? "nothing"
  }

  private mutating func fail(_ text: String) {
    if violations.count < 10 { violations.append(text) }
  }
}

/// A command of the catalogue, read by other code than the catalogue's.
private struct SimpleCommand {
  let name: String
  let expected: UInt64?
  /// Nil: it deletes.
  let value: [UInt8]?

  /// One byte of kind, then two numbers of seven bits a byte (what is expected, plus 1; the length
  /// of the name), the name, the value.
  init?(_ bytes: [UInt8]) {
    var place = 1
    func number() -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while place < bytes.count {
        defer { place += 1 }
        value |= UInt64(bytes[place] & 127) << shift
        shift += 7
        if bytes[place] < 128 {
          break
        }
      }
      return value
    }
    guard let kind = bytes.first else { return nil }
    let wanted = number()
    expected = wanted == 0 ? nil : wanted - 1
    let length = Int(number())
    guard place + length <= bytes.count else { return nil }
    name = String(decoding: bytes[place..<place + length], as: UTF8.self)
    value = kind == 1 ? Array(bytes[(place + length)...]) : nil
  }
}
