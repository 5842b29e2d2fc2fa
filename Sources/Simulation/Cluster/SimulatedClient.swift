// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Engine
import Memory
import Replication
import Vocabulary

/// What a client did, as it saw it itself.
package struct Operation: Sendable {
  package enum Kind: Sendable, Hashable {
    case get
    case set
    case compareAndSet(expected: UInt64)
    case delete
  }

  package let client: Int
  package let kind: Kind
  package let name: String
  /// What was written; no two operations write the same.
  package let value: [UInt8]
  /// When it began and ended, in steps of the world.
  package let start: Int
  package var end: Int?
  package var answer: CatalogueAnswer?

  package init(client: Int, kind: Kind, name: String, value: [UInt8], start: Int) {
    self.client = client
    self.kind = kind
    self.name = name
    self.value = value
    self.start = start
  }
}

/// A client that does one operation after the other, at any node, and tries again elsewhere when it
/// is not answered.
struct SimulatedClient {
  let index: Int
  let session: NodeID
  var commands: UInt64 = 0
  var acknowledged: UInt64 = 0
  /// The operation that is under way, by its place in the history.
  var operation: Int?
  var submission: [UInt8] = []
  /// The request that waits for an answer.
  var request: UInt64?
  var left: Int
  /// By name: the revision that it saw last.
  var seen: [String: UInt64] = [:]

  /// The next operation, and its bytes.
  mutating func begin(_ random: inout SeededRandom, step: Int, number: Int) -> Operation {
    let name = "k\(random.below(4))"
    let value =
      Array("c\(index).\(number)".utf8) + [UInt8](repeating: 0x78, count: padding(&random))
    let kind: Operation.Kind
    switch random.below(8) {
    case 0...2: kind = .get
    case 3: kind = .delete
    case 4, 5: kind = .compareAndSet(expected: seen[name] ?? 0)
    default: kind = .set
    }
    let operation = Operation(
      client: index, kind: kind, name: name, value: value, start: step)
    submission = bytes(operation)
    return operation
  }

  /// Mostly short values, some that cross in blocks.
  private func padding(_ random: inout SeededRandom) -> Int {
    random.once(in: 6) ? random.number(in: 200...1500) : random.below(40)
  }

  private mutating func bytes(_ operation: Operation) -> [UInt8] {
    var content = ByteBuffer()
    switch operation.kind {
    case .get: CatalogueQuestion.get(name: operation.name).write(into: &content)
    case .set:
      CatalogueCommand.set(name: operation.name, value: operation.value, expected: nil)
        .write(into: &content)
    case .compareAndSet(let expected):
      CatalogueCommand.set(name: operation.name, value: operation.value, expected: expected)
        .write(into: &content)
    case .delete:
      CatalogueCommand.delete(name: operation.name, expected: nil).write(into: &content)
    }
    var out = ByteBuffer()
    if operation.kind == .get {
      Submission.question(content.bytes).write(into: &out)
    } else {
      commands += 1
      let id = CommandID(session: session, number: commands, acknowledged: acknowledged)
      Submission.command(id, content.bytes).write(into: &out)
    }
    return Array(out.bytes)
  }

  /// The operation was answered.
  mutating func finish(_ operation: Operation, _ answer: CatalogueAnswer) {
    if operation.kind != .get { acknowledged = commands }
    switch answer {
    case .changed(let revision):
      seen[operation.name] = operation.kind == .delete ? 0 : revision
    case .entry(let entry), .differs(let entry): seen[operation.name] = entry?.revision ?? 0
    default: break
    }
    self.operation = nil
    request = nil
  }
}
