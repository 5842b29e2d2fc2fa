// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

/// Which of the two datasets that meet a pair comes from. Records carry it in front of their value.
///
/// The pairs of a key need no sorting by side: splits of the left side are folded first.
@usableFromInline enum JoinSide: UInt8 {
  case left = 0
  case right = 1

  /// Bytes in front of a value.
  @usableFromInline static let byteCount = 1
}

extension MapContext {
  /// Appends a record of one side.
  @inlinable @inline(__always)
  func write<V: Record>(_ plain: Bytes, _ record: V, of side: JoinSide) {
    value.value.removeAll()
    value.value.append(side.rawValue)
    record.encode(into: &value.value)
    let partition = stablePartition(plain, mask: partitionMask)
    writer.append(key: plain, value: value.value.bytes, partition: partition)
  }
}

extension MapContext {
  /// Appends a record of one side, whose value is encoded already.
  @inlinable @inline(__always)
  func write(_ plain: Bytes, encoded record: Bytes, of side: JoinSide) {
    value.value.removeAll()
    value.value.append(side.rawValue)
    value.value.append(record)
    let partition = stablePartition(plain, mask: partitionMask)
    writer.append(key: plain, value: value.value.bytes, partition: partition)
  }
}

extension GroupScan {
  /// The two sides of a group. O(records of the left side).
  @usableFromInline func sides(_ span: RecordSpan) throws -> (left: RecordSpan, right: RecordSpan) {
    var place = span.start
    for passed in 0..<span.count {
      let before = place
      let value = read(&place).value
      guard value.count >= JoinSide.byteCount else { throw ByteReader.Damaged() }
      guard value[0] == JoinSide.left.rawValue else {
        return (
          RecordSpan(start: span.start, count: passed),
          RecordSpan(start: before, count: span.count - passed)
        )
      }
    }
    return (span, RecordSpan(start: place, count: 0))
  }
}

extension Keyed {
  /// The map side of one side of a join.
  @inlinable static func mapper(
    _ emitInto: @escaping @Sendable (Chunk, inout Emitter<K, V>) throws -> Int, isStored: Bool,
    of side: JoinSide, _ context: MapContext
  ) -> Mapper {
    if isStored { return Mapper(stored: { context.write($0.key, encoded: $0.value, of: side) }) }
    let box = HeapCell(
      Emitter<K, V> { batch in
        for index in 0..<batch.count {
          context.write(batch.key(index), batch.value(index), of: side)
        }
      })
    return Mapper(emitting: emitInto, into: box)
  }

  /// A stage that brings the pairs of two datasets together by key.
  @inlinable func joining<W: Record>(
    _ other: Keyed<K, W>, finish: @escaping @Sendable (GroupScan, FoldContext) throws -> Run
  ) -> StageKernel {
    let (own, isStored) = (emitInto, isStored)
    let (others, isOtherStored) = (other.emitInto, other.isStored)
    let boundary = pipeline.branchCount
    return StageKernel(
      .hash,
      makeMapper: { context in
        let left = Self.mapper(own, isStored: isStored, of: .left, context)
        let right = Keyed<K, W>.mapper(others, isStored: isOtherStored, of: .right, context)
        return Mapper(
          map: { chunk in
            chunk.branch < boundary
              ? try left.map(chunk) : try right.map(chunk.counted(from: boundary))
          }, finishSplit: {})
      },
      makeFolder: { context in
        let sorter = RecordSorter(context.pool)
        return Folder(
          fold: { sorter.add($0) },
          finish: { try finish(GroupScan(sorter.finish(), hasSuffix: false), context) })
      })
  }

  /// Hands the values that both sides have of a key to `body`, in the order of the keys.
  @inlinable static func forEachMeeting<W: Record>(
    of scan: GroupScan, _ context: FoldContext, at location: CodeLocation,
    _ body: (K, Bytes, Group<V>, Group<W>) throws -> Void
  ) throws {
    while let (bytes, span) = try scan.next() {
      let (left, right) = try scan.sides(span)
      do {
        try locating(location) {
          try body(
            try K.decodeKey(bytes), bytes,
            Group(scan, left, skipping: JoinSide.byteCount),
            Group(scan, right, skipping: JoinSide.byteCount))
          try scan.check()
        }
      } catch { throw RecordFailure(error, offset: nil, record: bytes) }
      try context.progress()
    }
  }

  /// The finish of a join that makes any number of values of what meets at a key, each handed to
  /// the sink. The keys stay, and so does their order.
  @inlinable static func valuesOfMeetings<W: Record, R: Record>(
    at location: CodeLocation,
    _ body:
      @escaping @Sendable (K, Group<V>, Group<W>, FoldContext, (R) throws -> Void) throws -> Void
  ) -> @Sendable (GroupScan, FoldContext) throws -> Run {
    { scan, context in
      let writer = PartitionWriter(partitions: 1, pool: context.pool)
      var value = RecordWriter()
      try forEachMeeting(of: scan, context, at: location) { key, bytes, left, right in
        try body(key, left, right, context) { made in
          value.removeAll()
          made.encode(into: &value)
          writer.append(key: bytes, value: value.bytes, partition: 0)
        }
      }
      return orderedRun(writer.takeBlocks()[0], context)
    }
  }

  /// The finish of a join that emits any number of pairs of what meets at a key.
  @inlinable static func pairsOfMeetings<W: Record, L: Key, R: Record>(
    at location: CodeLocation,
    _ body:
      @escaping @Sendable (K, Group<V>, Group<W>, FoldContext, inout Emitter<L, R>) throws -> Void
  ) -> @Sendable (GroupScan, FoldContext) throws -> Run {
    { scan, context in
      let writer = PartitionWriter(partitions: 1, pool: context.pool)
      var emit = Emitter<L, R>(into: writer)
      try forEachMeeting(of: scan, context, at: location) { key, _, left, right in
        try body(key, left, right, context, &emit)
        try emit.finishChunk()
      }
      return Run(sequential: writer.takeBlocks()[0])
    }
  }
}
