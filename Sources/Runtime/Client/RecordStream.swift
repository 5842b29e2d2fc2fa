// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Engine
import Exchange
package import Memory
import Vocabulary

/// Which records of a result are wanted.
package enum RecordSelection: Sendable, Hashable {
  case all
  /// Those with an encoded key.
  case key([UInt8])
  /// Those whose encoded key begins so.
  case prefix([UInt8])

  package struct Wrong: Error, CustomStringConvertible {
    package let description: String
  }

  /// Of a key as people write it.
  package static func key(
    _ text: String, of version: ResultVersion
  ) throws(Wrong) -> RecordSelection {
    try checkKeys(version)
    guard let key = KeyText.encode(text, as: version.schema.key) else {
      throw Wrong(
        description: "\"\(text)\" is not a key of type \(version.schema.key): write numbers in "
          + "decimal, and the parts of a tuple between tabs")
    }
    return .key(key)
  }

  package static func prefix(
    _ text: String, of version: ResultVersion
  ) throws(Wrong) -> RecordSelection {
    try checkKeys(version)
    guard let prefix = KeyText.encodePrefix(text, as: version.schema.key) else {
      throw Wrong(description: "keys of type \(version.schema.key) have no prefix \"\(text)\"")
    }
    return .prefix(prefix)
  }

  private static func checkKeys(_ version: ResultVersion) throws(Wrong) {
    guard version.schema.shape == .values else { return }
    throw Wrong(description: "result \(version.name) has no keys")
  }

  fileprivate enum Place {
    case before
    case inside
    case after
  }

  fileprivate func place(of key: Bytes) -> Place {
    switch self {
    case .all: return .inside
    case .key(let wanted):
      return wanted.withBytes { key == $0 ? .inside : key < $0 ? .before : .after }
    case .prefix(let wanted):
      return wanted.withBytes { key.hasPrefix($0) ? .inside : key < $0 ? .before : .after }
    }
  }
}

/// The records of a version of a result in their order, read from a node piece by piece: of each
/// partition that is being read, one piece is in memory. Partitions that were made by hash are
/// merged by key; others follow each other.
package final class RecordStream {
  private let selection: RecordSelection
  private let isSorted: Bool
  /// A heap, the least key at the front, where partitions are merged; otherwise in their order.
  private var cursors: [RunCursor] = []
  private let isMerged: Bool
  private var isBegun = false

  /// Reads from the node that `access` asks; each piece may take so long.
  package init(
    _ version: ResultVersion, _ selection: RecordSelection, _ access: any NodeAccess,
    milliseconds: Int
  ) throws(NodeClient.Failure) {
    self.selection = selection
    isMerged = version.isHashed && version.schema.order == .key
    isSorted = version.schema.order == .key
    var partitions = Array(version.runs.indices)
    if version.isHashed, case .key(let key) = selection {
      let mask = UInt64(version.runs.count - 1)
      let partition = key.withBytes { stablePartition($0, mask: mask) }
      partitions = [partition]
    }
    for partition in partitions {
      let cursor = RunCursor(version, partition, access, milliseconds)
      // Those that are read later hold nothing until then.
      if isMerged || cursors.isEmpty {
        guard try cursor.advance() else { continue }
      }
      cursors.append(cursor)
    }
    if isMerged {
      for place in stride(from: cursors.count / 2 - 1, through: 0, by: -1) { sink(place) }
    }
  }

  /// Goes to the next record that is wanted; false where there is none.
  package func next() throws(NodeClient.Failure) -> Bool {
    while true {
      if isBegun { try step() }
      isBegun = true
      guard let cursor = cursors.first else { return false }
      switch cursor.withRecord({ key, _ in selection.place(of: key) }) {
      case .before: continue
      case .inside: return true
      case .after: if isSorted { return false }
      }
    }
  }

  /// Hands out the record that `next` went to.
  package func withRecord<R, E>(_ body: (Bytes, Bytes) throws(E) -> R) throws(E) -> R {
    try cursors[0].withRecord(body)
  }

  private func step() throws(NodeClient.Failure) {
    guard let cursor = cursors.first else { return }
    if try !cursor.advance() {
      if isMerged {
        cursors.swapAt(0, cursors.count - 1)
        cursors.removeLast()
      } else {
        cursors.removeFirst()
        while let next = cursors.first, try !next.advance() { cursors.removeFirst() }
      }
    }
    if isMerged { sink(0) }
  }

  private func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < cursors.count {
        if cursors[child].isBefore(cursors[least]) { least = child }
      }
      guard least != place else { return }
      cursors.swapAt(place, least)
      place = least
    }
  }
}

/// A place in a partition's run.
private final class RunCursor {
  private let version: ResultVersion
  private let partition: Int
  private let access: any NodeAccess
  private let milliseconds: Int
  private let total: Int
  private var fetched = 0
  /// What is here of the run, from some frame on.
  private var bytes: [UInt8] = []
  /// Where the next frame begins.
  private var end = 0
  private var key = 0..<0
  private var value = 0..<0

  init(_ version: ResultVersion, _ partition: Int, _ access: any NodeAccess, _ milliseconds: Int) {
    self.version = version
    self.partition = partition
    self.access = access
    self.milliseconds = milliseconds
    total = version.runs[partition].bytes
  }

  /// Goes to the next frame; false at the end.
  func advance() throws(NodeClient.Failure) -> Bool {
    while true {
      if hasFrame() { return true }
      guard fetched < total else {
        guard end == bytes.count else { throw .refused("a run of the result is damaged") }
        return false
      }
      bytes.removeFirst(end)
      end = 0
      let asked = RunQuestion(step: version.step, partition: partition, offset: fetched)
      let piece = try access.piece(asked, milliseconds: milliseconds)
      guard !piece.isEmpty else { throw .refused("the run is shorter than it has to be") }
      fetched += piece.count
      bytes += piece
    }
  }

  /// Reads the frame at `end`, if it is here as a whole.
  private func hasFrame() -> Bool {
    let sizes = bytes.withBytes { bytes -> (key: Int, value: Int, size: Int)? in
      var reader = ByteReader(bytes[end..<bytes.count])
      guard let frame = try? reader.frame() else { return nil }
      return (frame.key.count, frame.value.count, frame.size)
    }
    guard let sizes else { return false }
    end += sizes.size
    value = end - sizes.value..<end
    key = value.lowerBound - sizes.key..<value.lowerBound
    return true
  }

  func withRecord<R, E>(_ body: (Bytes, Bytes) throws(E) -> R) throws(E) -> R {
    var result: Result<R, E>?
    bytes.withBytes { bytes in
      do throws(E) { result = .success(try body(bytes[key], bytes[value])) } catch {
        result = .failure(error)
      }
    }
    guard let result else { preconditionFailure("withBytes calls its body") }
    return try result.get()
  }

  /// Equal keys stand in the order of their partitions.
  func isBefore(_ other: RunCursor) -> Bool {
    let order = withRecord { key, _ in other.withRecord { other, _ in key.order(other) } }
    return order == 0 ? partition < other.partition : order < 0
  }
}
