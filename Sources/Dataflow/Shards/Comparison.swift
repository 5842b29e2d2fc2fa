// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// What one replica has of some records of a run, short enough to be told to all.
package struct RunExcerpt: Hashable, Sendable {
  /// Which records, by their places in the run. It may have fewer.
  package let records: Range<Int>
  /// By piece of them: a digest; 0 where it has nothing there.
  package let digests: [UInt64]
  /// The key, where one record was asked for, is there, and has a key that is not too long.
  package let key: [UInt8]?

  package init(records: Range<Int>, digests: [UInt64], key: [UInt8]?) {
    self.records = records
    self.digests = digests
    self.key = key
  }

  /// Longer keys are not told.
  package static let keyBytesMaximum = 1024
  private static let pieceMaximum = 64

  /// The pieces of a range of records: few, and of equal length but for the last.
  static func pieces(of records: Range<Int>) -> [Range<Int>] {
    let length = max(1, (records.count + pieceMaximum - 1) / pieceMaximum)
    return stride(from: records.lowerBound, to: records.upperBound, by: length).map { start in
      start..<min(start + length, records.upperBound)
    }
  }
}

extension HeldRun {
  /// O(bytes of the run). Executors made the bytes, so that nothing in them is believed.
  package func excerpt(_ records: Range<Int>) -> RunExcerpt {
    let pieces = RunExcerpt.pieces(of: records)
    var digests = [UInt64](repeating: 0, count: pieces.count)
    var key: [UInt8]?
    var place = 0
    var piece = 0
    for block in blocks {
      defer { block.letGo() }
      var reader = ByteReader(block.bytes)
      while piece < pieces.count, !reader.isAtEnd {
        let start = reader.offset
        guard let frame = try? reader.frame() else { break }
        defer { place += 1 }
        guard place >= records.lowerBound else { continue }
        let digest = Checksum.of(block.bytes[start..<reader.offset])
        digests[piece] = 31 &* digests[piece] &+ digest | 1
        if records.count == 1, frame.key.count <= RunExcerpt.keyBytesMaximum {
          key = Array(frame.key)
        }
        if place + 1 == pieces[piece].upperBound { piece += 1 }
      }
    }
    return RunExcerpt(records: records, digests: digests, key: key)
  }
}

/// Finds the first record in which two replicas' runs of a partition differ: of what they have,
/// the first piece that differs is looked at in smaller pieces, until it is one record.
/// O(log records) rounds.
struct Comparison: Sendable {
  let partition: Int
  let replicas: [NodeID]
  private(set) var records: Range<Int>
  private var excerpts: [RunExcerpt?]

  enum Outcome: Hashable {
    /// Look at these records next.
    case records(Range<Int>)
    /// They differ in this record; its key at each replica, where that has one.
    case found(Int, keys: [[UInt8]?])
    /// Their records are the same.
    case same
  }

  init(partition: Int, _ one: NodeID, _ other: NodeID, records: Int) {
    self.partition = partition
    replicas = [one, other]
    self.records = 0..<records
    excerpts = [nil, nil]
  }

  /// Takes in what a replica has; what follows from it once both have told.
  mutating func take(_ excerpt: RunExcerpt, from node: NodeID) -> Outcome? {
    let pieces = RunExcerpt.pieces(of: records)
    guard let place = replicas.firstIndex(of: node), excerpt.records == records,
      excerpt.digests.count == pieces.count
    else { return nil }
    excerpts[place] = excerpt
    guard let one = excerpts[0], let other = excerpts[1] else { return nil }
    excerpts = [nil, nil]
    guard let piece = pieces.indices.first(where: { one.digests[$0] != other.digests[$0] })
    else { return .same }
    if records.count == 1 { return .found(records.lowerBound, keys: [one.key, other.key]) }
    records = pieces[piece]
    return .records(records)
  }
}
