// SPDX-License-Identifier: Apache-2.0
public import Memory
public import Vocabulary

/// The map side of a combining stage: one bounded table, drained when it is full.
@usableFromInline final class CombineMap<Value: Record> {
  @usableFromInline let context: MapContext
  @usableFromInline let table: HeapCell<CombineTable<Value>>
  /// Pairs that came into the table since it was last drained.
  @usableFromInline var pairs = 0
  /// Set for the rest of a split where keys hardly repeat: then a table only costs.
  @usableFromInline var isBypassing = false

  @inlinable init(_ context: MapContext) {
    self.context = context
    table = HeapCell(CombineTable(seed: context.tableSeed, keyCount: Limits.combineKeys))
  }

  /// Drains where the next batch might not fit.
  @inlinable @inline(__always) func drainIfFull() {
    if table.value.count &+ Limits.emitBatch > Limits.combineKeys {
      // Fewer than five pairs for four keys: the table saves nothing. The decision depends on the
      // split alone, so that every run makes it alike.
      isBypassing = pairs &* 4 < table.value.count &* 5
      drain()
    }
  }

  @inlinable func drain() {
    table.value.drain { key, value in context.write(key, value) }
    pairs = 0
  }

  @inlinable func finishSplit() {
    drain()
    isBypassing = false
  }
}

/// The reduce side of a combining stage: one growing table for the partition.
@usableFromInline final class CombineFold<Value: Record> {
  @usableFromInline let table: HeapCell<CombineTable<Value>>
  @usableFromInline let batch = HeapCell(EmitBatch<Value>())
  @usableFromInline let context: FoldContext

  @inlinable init(_ context: FoldContext) {
    self.context = context
    table = HeapCell(CombineTable(seed: context.tableSeed))
  }

  /// Decodes the records of a block and hands them over in batches.
  @inlinable @inline(__always)
  func fold(_ block: Block, _ merge: (inout Value, inout Value) throws -> Void) throws {
    var cursor = FrameCursor(block)
    while !cursor.isAtEnd {
      while !batch.value.isFull, let frame = cursor.next() {
        var reader = RecordReader(frame.value)
        batch.value.append(frame.key, try Value(from: &reader))
      }
      try table.value.combine(&batch.value, insert: { $0 }, update: merge)
    }
  }

  /// Writes the table out and sorts it.
  @inlinable func finish() -> Run {
    let writer = PartitionWriter(partitions: 1, pool: context.pool)
    var value = RecordWriter()
    table.value.drain { key, record in
      value.removeAll()
      record.encode(into: &value)
      writer.append(key: key, value: value.bytes, partition: 0)
    }
    return sortedRun(writer.takeBlocks()[0])
  }
}

@usableFromInline func sortedRun(_ blocks: [Block]) -> Run {
  let order = RecordOrder(blocks)
  order.sort()
  return Run(ordered: order)
}

/// A run of records that were written in key order.
@usableFromInline func orderedRun(_ blocks: [Block]) -> Run { Run(ordered: RecordOrder(blocks)) }

extension Keyed {
  /// A stage that combines values by key on both sides of the shuffle.
  ///
  /// Both arguments of `update` and `merge` are passed by address, so that no call has to convert
  /// one where the types are known.
  @inlinable @inline(__always) func combining<A: Record>(
    at location: CodeLocation,
    insert: @escaping @Sendable (V) throws -> A,
    update: @escaping @Sendable (inout A, inout V) throws -> Void,
    merge: @escaping @Sendable (inout A, inout A) throws -> Void
  ) -> StageKernel {
    let emitInto = self.emitInto
    // Closures of their own that capture nothing but functions: where those are known, the compiler
    // makes one loop of it all, without a call for each pair.
    let combineBatch: @Sendable (HeapCell<CombineTable<A>>, inout EmitBatch<V>) throws -> Void = {
      try $0.value.combine(&$1, insert: insert, update: update)
    }
    let foldBlock: @Sendable (CombineFold<A>, Block) throws -> Void = {
      try $0.fold($1, merge)
    }
    return StageKernel(
      .hash,
      makeMapper: { context in
        let state = CombineMap<A>(context)
        let box = HeapCell(
          Emitter<K, V> { batch in
            // Before the look at the flag: a batch that still went into the table would come behind
            // the later values of its keys.
            if !state.isBypassing { state.drainIfFull() }
            if state.isBypassing {
              for index in 0..<batch.count {
                let value = try locating(location) { try insert(batch.value(index)) }
                context.write(batch.key(index), value)
              }
              return
            }
            state.pairs &+= batch.count
            do {
              try combineBatch(state.table, &batch)
            } catch { throw RecordFailure(error, at: location) }
          })
        return Mapper(emitting: emitInto, into: box, finishSplit: { state.finishSplit() })
      },
      makeFolder: { context in
        let state = CombineFold<A>(context)
        return Folder(
          fold: { block in
            do {
              try foldBlock(state, block)
            } catch { throw RecordFailure(error, at: location) }
          },
          finish: { state.finish() })
      })
  }
}
