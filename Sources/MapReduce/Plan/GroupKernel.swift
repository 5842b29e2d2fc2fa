// SPDX-License-Identifier: Apache-2.0
public import Memory
public import Vocabulary

extension Keyed {
  /// Appends what orders a value among those of its key.
  @usableFromInline typealias ValueOrder = @Sendable (V, inout RecordWriter) throws -> Void

  /// A stage that brings all values of a key together and hands them to a closure.
  @inlinable func grouping(
    _ valueOrder: ValueOrder?,
    finish: @escaping @Sendable (GroupScan, FoldContext) throws -> Run
  ) -> StageKernel {
    let (emitInto, isStored) = (emitInto, isStored)
    return StageKernel(
      .hash,
      makeMapper: { context in
        if isStored, valueOrder == nil {
          return Mapper(stored: { context.write($0.key, encoded: $0.value) })
        }
        let box = HeapCell(
          Emitter<K, V> { batch in
            for index in 0..<batch.count {
              if let valueOrder {
                try context.write(batch.key(index), batch.value(index), orderedBy: valueOrder)
              } else {
                context.write(batch.key(index), batch.value(index))
              }
            }
          })
        return Mapper(emitting: emitInto, into: box)
      },
      makeFolder: { context in
        let sorter = RecordSorter(context.pool)
        return Folder(
          fold: { sorter.add($0) },
          finish: {
            try finish(GroupScan(sorter.finish(), hasSuffix: valueOrder != nil), context)
          })
      })
  }

  /// Hands every group to `body`, in the order of the keys, with the bytes of its key.
  @inlinable static func forEachGroup(
    of scan: GroupScan, _ context: FoldContext, at location: CodeLocation,
    _ body: (K, Bytes, Group<V>) throws -> Void
  ) throws {
    while let (bytes, span) = try scan.next() {
      do {
        try locating(location) {
          try body(try K.decodeKey(bytes), bytes, Group(scan, span))
          try scan.check()
        }
      } catch { throw RecordFailure(error, offset: nil, record: bytes) }
      try context.progress()
    }
  }

  /// The finish of a grouping stage that makes one value of each group.
  @inlinable static func oneOfEach<W: Record>(
    at location: CodeLocation, _ transform: @escaping @Sendable (K, Group<V>) throws -> W
  ) -> @Sendable (GroupScan, FoldContext) throws -> Run {
    { scan, context in
      let writer = PartitionWriter(partitions: 1, pool: context.pool)
      var value = RecordWriter()
      try forEachGroup(of: scan, context, at: location) { key, bytes, group in
        value.removeAll()
        try transform(key, group).encode(into: &value)
        writer.append(key: bytes, value: value.bytes, partition: 0)
      }
      return orderedRun(writer.takeBlocks()[0], context)
    }
  }

  /// The finish of a grouping stage that makes any number of pairs of each group.
  @inlinable static func anyOfEach<L: Key, W: Record>(
    at location: CodeLocation,
    _ body: @escaping @Sendable (K, Group<V>, inout Emitter<L, W>) throws -> Void
  ) -> @Sendable (GroupScan, FoldContext) throws -> Run {
    { scan, context in
      let writer = PartitionWriter(partitions: 1, pool: context.pool)
      var emit = Emitter<L, W>(into: writer)
      try forEachGroup(of: scan, context, at: location) { key, _, group in
        try body(key, group, &emit)
        try emit.finishChunk()
      }
      return Run(sequential: writer.takeBlocks()[0])
    }
  }
}

extension MapContext {
  /// Appends a record whose values have an order of their own; the partition is the key's.
  @inlinable @inline(__always)
  func write<V: Record>(
    _ plain: Bytes, _ record: V, orderedBy order: (V, inout RecordWriter) throws -> Void
  ) throws {
    key.value.removeAll()
    GroupScan.append(plain, to: &key.value)
    try order(record, &key.value)
    value.value.removeAll()
    record.encode(into: &value.value)
    writer.append(
      key: key.value.bytes, value: value.value.bytes,
      partition: stablePartition(plain, mask: partitionMask))
  }
}
