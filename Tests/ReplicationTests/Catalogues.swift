// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Memory
import Replication
import Vocabulary

/// Short ways to speak to a catalogue.
extension Catalogue {
  /// Applies a command; throws what it refuses.
  mutating func run(_ command: CatalogueCommand) throws -> CatalogueAnswer {
    var out = ByteBuffer()
    command.write(into: &out)
    let version = Version(view: 1, sequence: revision)
    let answer = try apply(out.bytes, at: version)
    return try answer.withBytes { try CatalogueAnswer.read($0) }
  }

  @discardableResult
  mutating func set(
    _ name: String, _ value: String, expected: UInt64? = nil
  ) throws -> CatalogueAnswer {
    try run(.set(name: name, value: Array(value.utf8), expected: expected))
  }

  @discardableResult
  mutating func delete(_ name: String, expected: UInt64? = nil) throws -> CatalogueAnswer {
    try run(.delete(name: name, expected: expected))
  }

  /// Nil: the answer waits.
  func ask(_ question: CatalogueQuestion) throws -> CatalogueAnswer? {
    var out = ByteBuffer()
    question.write(into: &out)
    return try answer(out.bytes).map { bytes in
      try bytes.withBytes { try CatalogueAnswer.read($0) }
    }
  }

  /// The names of a list.
  func names(_ prefix: String, after: String = "", limit: Int = 100) throws -> [String] {
    guard
      case .entries(let entries, _, _)? = try ask(
        .list(prefix: prefix, after: after, limit: limit))
    else { return [] }
    return entries.map(\.name)
  }

  var written: [UInt8] {
    var out = ByteBuffer()
    write(into: &out)
    return Array(out.bytes)
  }
}

/// Submissions as bytes.
enum Submitted {
  static func set(
    _ name: String, _ value: String, session: UInt64, number: UInt64, acknowledged: UInt64 = 0
  ) -> [UInt8] {
    var content = ByteBuffer()
    CatalogueCommand.set(name: name, value: Array(value.utf8), expected: nil)
      .write(into: &content)
    let id = CommandID(
      session: NodeID(high: session, low: 0), number: number, acknowledged: acknowledged)
    var out = ByteBuffer()
    Submission.command(id, content.bytes).write(into: &out)
    return Array(out.bytes)
  }

  static func get(_ name: String) -> [UInt8] {
    var content = ByteBuffer()
    CatalogueQuestion.get(name: name).write(into: &content)
    var out = ByteBuffer()
    Submission.question(content.bytes).write(into: &out)
    return Array(out.bytes)
  }
}
