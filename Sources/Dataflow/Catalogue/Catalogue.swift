// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Replication
import Vocabulary

/// What the cluster knows by name: entries with revisions, changed one at a time, listed in order,
/// watched. The coordinators' state machine.
package struct Catalogue: StateMachine, Equatable {
  /// By name, in ascending order of its bytes.
  private var entries: [Entry] = []
  /// Changes so far.
  package private(set) var revision: UInt64 = 0
  /// What was deleted last, in order: so that who watches hears of it.
  private var deletions: [Deletion] = []
  /// Deletions up to this revision are forgotten.
  private var forgotten: UInt64 = 0

  private struct Deletion: Hashable, Sendable {
    let name: String
    let revision: UInt64
  }

  /// The most entries in one answer.
  package static let listMaximum = 10_000
  /// Deletions that are remembered.
  static let deletionsMaximum = 10_000
  /// The most bytes of a value.
  package static let valueBytes = 1 << 20

  package init() {}

  package var count: Int { entries.count }

  package mutating func apply(
    _ command: Bytes, at version: Version
  ) throws(Refusal) -> [UInt8] {
    guard let command = try? CatalogueCommand.read(command) else {
      throw Refusal("what was sent is no command of the catalogue")
    }
    switch command {
    case .set(let name, let value, let expected):
      try check(name)
      guard value.count <= Self.valueBytes else {
        throw Refusal(
          "the value of \(name) has \(value.count) bytes, more than \(Self.valueBytes): "
            + "keep it elsewhere, and its place here")
      }
      return set(name, value, expected).encoded
    case .delete(let name, let expected): return delete(name, expected).encoded
    }
  }

  private func check(_ name: String) throws(Refusal) {
    guard !name.isEmpty, name.utf8.count <= Limits.nameBytes else {
      throw Refusal("a name has 1 to \(Limits.nameBytes) bytes, not \(name.utf8.count)")
    }
    guard !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw Refusal("a name has no control characters")
    }
  }

  /// The first entry whose name is not before `name`. O(log entries).
  private func place(of name: String) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private func entry(_ name: String) -> (place: Int, entry: Entry?) {
    let place = place(of: name)
    let isThere = place < entries.count && entries[place].name.isSame(as: name)
    return (place, isThere ? entries[place] : nil)
  }

  private mutating func set(
    _ name: String, _ value: [UInt8], _ expected: UInt64?
  ) -> CatalogueAnswer {
    let (place, old) = entry(name)
    if let expected, expected != old?.revision ?? 0 { return .differs(old) }
    revision += 1
    if old == nil {
      entries.insert(Entry(name: name, value: value, revision: revision), at: place)
    } else {
      entries[place].value = value
      entries[place].revision = revision
    }
    return .changed(revision: revision)
  }

  private mutating func delete(_ name: String, _ expected: UInt64?) -> CatalogueAnswer {
    let (place, old) = entry(name)
    guard let old, expected ?? old.revision == old.revision else { return .differs(old) }
    revision += 1
    entries.remove(at: place)
    deletions.append(Deletion(name: name, revision: revision))
    if deletions.count > Self.deletionsMaximum { forgotten = deletions.removeFirst().revision }
    return .changed(revision: revision)
  }

  package func answer(_ question: Bytes) throws(Refusal) -> [UInt8]? {
    guard let question = try? CatalogueQuestion.read(question) else {
      throw Refusal("what was sent is no question to the catalogue")
    }
    switch question {
    case .get(let name): return CatalogueAnswer.entry(entry(name).entry).encoded
    case .list(let prefix, let after, let limit): return list(prefix, after, limit).encoded
    case .watch(let prefix, let since): return changes(prefix, since)?.encoded
    }
  }

  private func list(_ prefix: String, _ after: String, _ limit: Int) -> CatalogueAnswer {
    var place = place(of: prefix)
    if !after.isEmpty {
      let (next, last) = entry(after)
      place = max(place, last == nil ? next : next + 1)
    }
    var found: [Entry] = []
    var bytes = 0
    while place < entries.count, entries[place].name.begins(with: prefix) {
      guard found.count < limit, bytes < Self.valueBytes else {
        return .entries(found, revision: revision, hasMore: true)
      }
      found.append(entries[place])
      bytes += entries[place].value.count
      place += 1
    }
    return .entries(found, revision: revision, hasMore: false)
  }

  /// What changed since a revision; nil where nothing did. O(entries).
  private func changes(_ prefix: String, _ since: UInt64) -> CatalogueAnswer? {
    guard since < revision else { return nil }
    if since < forgotten { return .forgotten(revision: revision) }
    let set = entries.filter { $0.revision > since && $0.name.begins(with: prefix) }
      .sorted { $0.revision < $1.revision }
    let deleted = deletions.filter { deletion in
      deletion.revision > since && deletion.name.begins(with: prefix)
        && entry(deletion.name).entry == nil
    }
    guard !set.isEmpty || !deleted.isEmpty else { return nil }
    var seen: Set<[UInt8]> = []
    let names = deleted.map(\.name).filter { seen.insert(Array($0.utf8)).inserted }
    return .changes(set, deleted: names, revision: revision)
  }

  package func write(into out: inout ByteBuffer) {
    out.appendVarint(revision)
    out.appendVarint(forgotten)
    out.append(entries)
    out.appendVarint(UInt64(deletions.count))
    for deletion in deletions {
      out.append(counted: deletion.name)
      out.appendVarint(deletion.revision)
    }
  }

  package init(reading reader: inout ByteReader) throws(ByteReader.Damaged) {
    revision = try reader.varint()
    forgotten = try reader.varint()
    entries = try reader.entries()
    for _ in 0..<(try reader.length()) {
      let name = try reader.text()
      deletions.append(Deletion(name: name, revision: try reader.varint()))
    }
  }
}

// Names are compared byte by byte: what looks alike to people may be two names.
extension String {
  fileprivate func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
  fileprivate func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }
}
