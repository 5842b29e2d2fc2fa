// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Engine
package import Exchange
package import Memory
import Vocabulary

/// Reads the records of a version of a result in their order, out of sections of its runs, of which
/// few are held at a time.
///
/// A value that is stepped: as long as something is `wanted`, whoever drives it gets that section
/// and hands it in; otherwise `next` tells a record, or that there are no more.
package struct ResultCursor {
  /// What was read of one run.
  private struct Part {
    let partition: Int
    let byteCount: Int
    var bytes: [UInt8] = []
    /// Where `bytes` begin in the run; nil until that is known.
    var offset: Int?
    /// Where in `bytes` the next record begins.
    var position = 0
    var head: Head?

    var isAtEnd: Bool { offset.map { $0 + position >= byteCount } ?? (byteCount == 0) }
  }

  /// A part's next record.
  private struct Head {
    let key: Range<Int>
    let value: Range<Int>
    let prefix: UInt64
  }

  private let version: ResultVersion
  private let bounds: RecordBounds
  private var parts: [Part]
  /// Runs before it were read, where they stand one behind the other.
  private var first = 0

  package init(_ version: ResultVersion, _ selection: RecordSelection) throws(JobFailure) {
    self.version = version
    bounds = try selection.bounds(version.schema, of: version.name)
    var partitions = Array(version.runs.indices)
    if version.isHashed, bounds.match == .whole, partitions.count > 1 {
      let mask = UInt64(partitions.count - 1)
      partitions = [bounds.wanted.withBytes { stablePartition($0, mask: mask) }]
    }
    parts = partitions.map { Part(partition: $0, byteCount: version.runs[$0].bytes) }
    settle()
  }

  /// Keys are in order, so that one can be looked for.
  private var isByKey: Bool { version.schema.order == .key }

  /// The parts of which the next record is needed to know which one is next of all.
  private var candidates: Range<Int> {
    version.isHashed ? parts.indices : first..<min(first + 1, parts.count)
  }

  /// What has to be known before there is a next record; nil where there is one, or no more.
  package var wanted: RunQuestion? {
    for place in candidates where parts[place].head == nil && !parts[place].isAtEnd {
      let part = parts[place]
      let start: RunQuestion.Start =
        if let offset = part.offset {
          .offset(offset + part.bytes.count)
        } else if isByKey, bounds.match != .any {
          .key(bounds.wanted)
        } else {
          .offset(0)
        }
      return RunQuestion(step: version.step, partition: part.partition, start: start)
    }
    return nil
  }

  /// Takes in the section that was wanted.
  package mutating func take(_ section: RunSection) throws(ByteReader.Damaged) {
    guard
      let place = candidates.first(where: { parts[$0].head == nil && !parts[$0].isAtEnd })
    else { return }
    let known = parts[place].offset.map { $0 + parts[place].bytes.count }
    let end = section.offset + section.bytes.count
    guard known == nil || section.offset == known, end <= parts[place].byteCount,
      !section.bytes.isEmpty || section.offset == parts[place].byteCount
    else { throw ByteReader.Damaged() }
    parts[place].bytes.removeFirst(parts[place].position)
    parts[place].offset = (parts[place].offset ?? section.offset) + parts[place].position
    parts[place].position = 0
    parts[place].bytes += section.bytes
    try advance(place)
  }

  /// Finds the next record of a part, where all of it is here.
  private mutating func advance(_ place: Int) throws(ByteReader.Damaged) {
    let part = parts[place]
    parts[place].head = part.bytes.withBytes { bytes -> Head? in
      var reader = ByteReader(bytes[part.position...])
      guard let frame = try? reader.frame() else { return nil }
      let value = (part.position + frame.size - frame.value.count)..<(part.position + frame.size)
      let key = (value.lowerBound - frame.key.count)..<value.lowerBound
      return Head(key: key, value: value, prefix: Self.prefix(frame.key))
    }
    // What is not whole goes on in the next section, unless there is none.
    let end = (part.offset ?? 0) + part.bytes.count
    if parts[place].head == nil, part.position < part.bytes.count, end >= part.byteCount {
      throw ByteReader.Damaged()
    }
    settle()
  }

  /// Passes over runs of which nothing is left.
  private mutating func settle() {
    while !version.isHashed, first < parts.count, parts[first].isAtEnd { first += 1 }
  }

  /// The first eight bytes, as a number that orders as they do.
  private static func prefix(_ key: Bytes) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<8 { word = word << 8 | (index < key.count ? UInt64(key[index]) : 0) }
    return word
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    guard let one = parts[a].head, let other = parts[b].head else { return false }
    if one.prefix != other.prefix { return one.prefix < other.prefix }
    return parts[a].bytes[one.key].lexicographicallyPrecedes(parts[b].bytes[other.key])
  }

  /// Hands the next selected record to `body`; nil where a section is wanted, or at the end.
  package mutating func next<T>(_ body: (_ key: Bytes, _ value: Bytes) throws -> T) throws -> T? {
    while wanted == nil {
      var least: Int?
      for place in candidates where parts[place].head != nil {
        if least.map({ isBefore(place, $0) }) ?? true { least = place }
      }
      guard let least, let head = parts[least].head else { return nil }
      let place = parts[least].bytes.withBytes { bounds.place(of: $0[head.key]) }
      if place == .after, isByKey {
        // Nothing behind it is selected, in any run.
        parts = []
        first = 0
        return nil
      }
      let outcome =
        place == .inside
        ? try parts[least].bytes.withBytes { try body($0[head.key], $0[head.value]) } : nil
      parts[least].position = head.value.upperBound
      try advance(least)
      if let outcome { return outcome }
    }
    return nil
  }
}
