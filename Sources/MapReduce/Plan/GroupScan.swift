// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory

/// The records of a partition in key order, group by group.
///
/// Where values have an order of their own, a record's key is the group's key with its end marked,
/// and behind it what the values are ordered by.
@usableFromInline final class GroupScan {
  @usableFromInline let records: OrderedRecords
  /// The same by their references, if they have some: what most are read by.
  @usableFromInline let referenced: ReferencedRecords?
  private let hasSuffix: Bool
  /// Where the next group begins.
  private var start: RecordPlace
  /// The key of the group, without the marks.
  private var plain = ByteBuffer()
  /// Why a value of a group could not be read: an iterator cannot throw.
  private var damage: (any Error)?

  @usableFromInline init(_ records: OrderedRecords, hasSuffix: Bool) {
    self.records = records
    referenced = records.referenced
    start = records.place(0)
    self.hasSuffix = hasSuffix
  }

  /// The next group: its key, valid until the next call, and its records. Nil at the end. O(records
  /// of the group).
  @usableFromInline func next() throws -> (key: Bytes, span: RecordSpan)? {
    guard start.index < records.count else { return nil }
    let first = start
    var place = first
    let key: Bytes
    if hasSuffix {
      key = try passOrdered(&place)
    } else {
      var at = first
      key = read(&at).key
      records.passGroup(&place)
    }
    start = place
    return (key, RecordSpan(start: first, count: place.index - first.index))
  }

  /// The record at a place, which moves on to the next one.
  @inlinable @inline(__always) func read(_ place: inout RecordPlace) -> Frame {
    guard let referenced else { return records.next(&place) }
    let frame = referenced[place.index]
    place.index &+= 1
    return frame
  }

  /// Moves behind a group whose values have an order of their own; returns its key.
  private func passOrdered(_ place: inout RecordPlace) throws -> Bytes {
    let whole = records.next(&place).key
    var reader = ByteReader(whole)
    plain.removeAll()
    try KeyEncoding.readTerminated(&reader, into: &plain)
    let prefix = whole[0..<reader.offset]
    var end = place
    while place.index < records.count, Self.begins(records.next(&place).key, prefix) { end = place }
    place = end
    return plain.bytes
  }

  private static func begins(_ key: Bytes, _ prefix: Bytes) -> Bool {
    key.count >= prefix.count && key[0..<prefix.count] == prefix
  }

  @usableFromInline func note(_ error: any Error) { damage = damage ?? error }
  /// Throws where a value of the group could not be read.
  @usableFromInline func check() throws { if let damage { throw damage } }

  /// Appends a group's key with its end marked.
  @usableFromInline static func append(_ key: Bytes, to target: inout RecordWriter) {
    KeyEncoding.appendTerminated(key, to: &target.buffer)
  }
}

/// Some neighbouring records.
@usableFromInline struct RecordSpan: Sendable {
  @usableFromInline let start: RecordPlace
  @usableFromInline let count: Int
}

/// The values of one key, in their order.
///
/// Values are decoded as they are read: a group of many values takes no memory of its own, and
/// going through it again decodes them again.
public struct Group<V: Record>: Sequence {
  @usableFromInline let scan: GroupScan
  @usableFromInline let span: RecordSpan
  /// Bytes in front of each value that are not its own.
  @usableFromInline let skipped: Int

  @inlinable init(_ scan: GroupScan, _ span: RecordSpan, skipping skipped: Int = 0) {
    self.scan = scan
    self.span = span
    self.skipped = skipped
  }

  /// How many values there are: at least one, except on one side of a `coGroup`. O(1).
  @inlinable public var count: Int { span.count }
  /// The same: nothing is counted.
  @inlinable public var underestimatedCount: Int { span.count }

  /// From the first value on.
  @inlinable public func makeIterator() -> Iterator { Iterator(group: self) }

  /// Decodes one value after the other.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let group: Group
    @usableFromInline var place: RecordPlace
    @usableFromInline var left: Int

    @inlinable init(group: Group) {
      self.group = group
      place = group.span.start
      left = group.span.count
    }

    /// The next value; nil at the end.
    @inlinable public mutating func next() -> V? {
      guard left > 0 else { return nil }
      left &-= 1
      let bytes = group.scan.read(&place).value
      var reader = RecordReader(bytes[group.skipped..<bytes.count])
      do { return try V(from: &reader) } catch {
        group.scan.note(error)
        left = 0
        return nil
      }
    }
  }
}
