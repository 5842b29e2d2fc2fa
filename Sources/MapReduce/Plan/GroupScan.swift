// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory

/// The records of a partition in key order, group by group.
///
/// Where values have an order of their own, a record's key is the group's key with its end marked,
/// and behind it what the values are ordered by.
@usableFromInline final class GroupScan {
  @usableFromInline let order: RecordOrder
  private let hasSuffix: Bool
  private var start = 0
  /// The key of the group, without the marks.
  private var plain = ByteBuffer()

  /// Sorts the records of `blocks`; those with equal keys stay in their order.
  @usableFromInline init(_ blocks: [Block], hasSuffix: Bool) {
    order = RecordOrder(blocks)
    order.sort()
    self.hasSuffix = hasSuffix
  }

  /// The next group: its key, valid until the next call, and the places of its records. Nil at the
  /// end. O(records of the group).
  @usableFromInline func next() throws -> (key: Bytes, range: Range<Int>)? {
    guard start < order.count else { return nil }
    let first = order.frame(start).key
    var key = first
    var prefix = first
    if hasSuffix {
      var reader = ByteReader(first)
      plain.removeAll()
      try KeyEncoding.readTerminated(&reader, into: &plain)
      key = plain.bytes
      prefix = first[0..<reader.offset]
    }
    var end = start + 1
    while end < order.count, belongs(order.frame(end).key, prefix) { end += 1 }
    defer { start = end }
    return (key, start..<end)
  }

  private func belongs(_ key: Bytes, _ prefix: Bytes) -> Bool {
    guard hasSuffix else { return key.order(prefix) == 0 }
    return key.count >= prefix.count && key[0..<prefix.count].order(prefix) == 0
  }

  /// Appends a group's key with its end marked.
  @usableFromInline static func append(_ key: Bytes, to target: inout RecordWriter) {
    KeyEncoding.appendTerminated(key, to: &target.buffer)
  }
}

/// Whether a value of a group could not be read: an iterator cannot throw.
@usableFromInline final class DamageNote {
  private var error: (any Error)?

  @usableFromInline init() {}
  @usableFromInline func note(_ error: any Error) { self.error = self.error ?? error }
  @usableFromInline func check() throws { if let error { throw error } }
}

/// The values of one key, in their order.
///
/// Values are decoded as they are read: a group of many values takes no memory of its own, and
/// going through it again decodes them again.
public struct Group<V: Record>: Sequence {
  @usableFromInline let order: RecordOrder
  @usableFromInline let range: Range<Int>
  @usableFromInline let damage: DamageNote
  /// Bytes in front of each value that are not its own.
  @usableFromInline let skipped: Int

  @inlinable init(
    _ order: RecordOrder, _ range: Range<Int>, _ damage: DamageNote, skipping skipped: Int = 0
  ) {
    self.order = order
    self.range = range
    self.damage = damage
    self.skipped = skipped
  }

  /// How many values there are: at least one, except on one side of a `coGroup`. O(1).
  @inlinable public var count: Int { range.count }
  /// The same: nothing is counted.
  @inlinable public var underestimatedCount: Int { range.count }

  /// From the first value on.
  @inlinable public func makeIterator() -> Iterator { Iterator(group: self) }

  /// Decodes one value after the other.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let group: Group
    @usableFromInline var place: Int

    @inlinable init(group: Group) {
      self.group = group
      place = group.range.lowerBound
    }

    /// The next value; nil at the end.
    @inlinable public mutating func next() -> V? {
      guard place < group.range.upperBound else { return nil }
      let bytes = group.order.frame(place).value
      var reader = RecordReader(bytes[group.skipped..<bytes.count])
      place &+= 1
      do { return try V(from: &reader) } catch {
        group.damage.note(error)
        place = group.range.upperBound
        return nil
      }
    }
  }
}
