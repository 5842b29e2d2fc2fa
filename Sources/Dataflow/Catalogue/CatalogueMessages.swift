// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// What changes the catalogue.
package enum CatalogueCommand: Hashable, Sendable {
  /// Sets a value, whatever it was. `expected`: only where the entry has this revision; 0: only
  /// where there is none.
  case set(name: String, value: [UInt8], expected: UInt64?)
  case delete(name: String, expected: UInt64?)

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .set(let name, let value, let expected):
      out.append(1 as UInt8)
      out.append(expected: expected)
      out.append(counted: name)
      value.withBytes { out.append($0) }
    case .delete(let name, let expected):
      out.append(2 as UInt8)
      out.append(expected: expected)
      out.append(counted: name)
    }
  }

  static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> CatalogueCommand {
    var reader = ByteReader(bytes)
    let kind = try reader.byte()
    let expected = try reader.expected()
    let name = try reader.text()
    switch kind {
    case 1:
      return .set(name: name, value: Array(try reader.take(reader.remaining)), expected: expected)
    case 2:
      guard reader.isAtEnd else { throw ByteReader.Damaged() }
      return .delete(name: name, expected: expected)
    default: throw ByteReader.Damaged()
    }
  }
}

/// What is asked of the catalogue.
package enum CatalogueQuestion: Hashable, Sendable {
  case get(name: String)
  /// Entries whose names begin with `prefix`, behind the name `after`, in order; at most `limit`.
  case list(prefix: String, after: String, limit: Int)
  /// The same, but only what has changed since a revision; waits until there is something.
  case watch(prefix: String, since: UInt64)

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .get(let name):
      out.append(1 as UInt8)
      out.append(counted: name)
    case .list(let prefix, let after, let limit):
      out.append(2 as UInt8)
      out.append(counted: prefix)
      out.append(counted: after)
      out.appendVarint(UInt64(limit))
    case .watch(let prefix, let since):
      out.append(3 as UInt8)
      out.append(counted: prefix)
      out.appendVarint(since)
    }
  }

  static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> CatalogueQuestion {
    var reader = ByteReader(bytes)
    let kind = try reader.byte()
    let text = try reader.text()
    let question: CatalogueQuestion
    switch kind {
    case 1: question = .get(name: text)
    case 2:
      let after = try reader.text()
      let limit = try reader.varint()
      question = .list(
        prefix: text, after: after, limit: Int(min(limit, UInt64(Catalogue.listMaximum))))
    case 3: question = .watch(prefix: text, since: try reader.varint())
    default: throw ByteReader.Damaged()
    }
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
    return question
  }
}

/// What the catalogue answers.
package enum CatalogueAnswer: Hashable, Sendable {
  /// A change was made, in this revision.
  case changed(revision: UInt64)
  /// Nothing was changed: the entry is not as expected, but this.
  case differs(Entry?)
  case entry(Entry?)
  case entries([Entry], revision: UInt64, hasMore: Bool)
  /// Entries that were set, and names that were deleted, since the revision that was asked about.
  case changes([Entry], deleted: [String], revision: UInt64)
  /// What was deleted since is no longer known: list anew, and watch from there.
  case forgotten(revision: UInt64)

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .changed(let revision):
      out.append(1 as UInt8)
      out.appendVarint(revision)
    case .differs(let entry):
      out.append(2 as UInt8)
      out.append(optional: entry)
    case .entry(let entry):
      out.append(3 as UInt8)
      out.append(optional: entry)
    case .entries(let entries, let revision, let hasMore):
      out.append(4 as UInt8)
      out.append(entries)
      out.appendVarint(revision)
      out.append(hasMore ? 1 as UInt8 : 0)
    case .changes(let entries, let deleted, let revision):
      out.append(5 as UInt8)
      out.append(entries)
      out.appendVarint(UInt64(deleted.count))
      for name in deleted { out.append(counted: name) }
      out.appendVarint(revision)
    case .forgotten(let revision):
      out.append(6 as UInt8)
      out.appendVarint(revision)
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> CatalogueAnswer {
    var reader = ByteReader(bytes)
    switch try reader.byte() {
    case 1: return .changed(revision: try reader.varint())
    case 2: return .differs(try reader.optionalEntry())
    case 3: return .entry(try reader.optionalEntry())
    case 4:
      let entries = try reader.entries()
      let revision = try reader.varint()
      return .entries(entries, revision: revision, hasMore: try reader.byte() == 1)
    case 5:
      let entries = try reader.entries()
      var deleted: [String] = []
      for _ in 0..<(try reader.length()) { deleted.append(try reader.text()) }
      return .changes(entries, deleted: deleted, revision: try reader.varint())
    case 6: return .forgotten(revision: try reader.varint())
    default: throw ByteReader.Damaged()
    }
  }

  var encoded: [UInt8] {
    var out = ByteBuffer()
    write(into: &out)
    return Array(out.bytes)
  }
}

extension ByteBuffer {
  /// A revision that may be missing: one more than it is, or 0. No entry ever has the largest
  /// numbers, so the last one may stand for the one before it, and never for a missing one.
  mutating func append(expected: UInt64?) {
    appendVarint(expected.map { min($0, .max - 1) + 1 } ?? 0)
  }

  mutating func append(_ entry: Entry) {
    append(counted: entry.name)
    appendVarint(entry.revision)
    appendVarint(UInt64(entry.value.count))
    entry.value.withBytes { append($0) }
  }

  mutating func append(optional entry: Entry?) {
    append(entry == nil ? 0 as UInt8 : 1)
    if let entry { append(entry) }
  }

  mutating func append(_ entries: [Entry]) {
    appendVarint(UInt64(entries.count))
    for entry in entries { append(entry) }
  }
}

extension ByteReader {
  mutating func expected() throws(Damaged) -> UInt64? {
    let value = try varint()
    return value == 0 ? nil : value - 1
  }

  mutating func entry() throws(Damaged) -> Entry {
    let name = try text()
    let revision = try varint()
    return Entry(name: name, value: Array(try take(try length())), revision: revision)
  }

  mutating func optionalEntry() throws(Damaged) -> Entry? {
    try byte() == 0 ? nil : try entry()
  }

  mutating func entries() throws(Damaged) -> [Entry] {
    var entries: [Entry] = []
    for _ in 0..<(try length()) { entries.append(try entry()) }
    return entries
  }
}
