// SPDX-License-Identifier: Apache-2.0
public import Memory
import Vocabulary

/// Keeps the blocks of a partition until all are there.
@usableFromInline final class BlockList {
  @usableFromInline private(set) var blocks: [Block] = []
  private let pool: BlockPool

  @usableFromInline init(_ pool: BlockPool) { self.pool = pool }

  /// Where memory is short, what is kept lies in a file.
  @usableFromInline func add(_ block: Block) { blocks.append(pool.settled(block)) }
}

/// Folders of stages that keep every record.
@usableFromInline enum Collect {
  /// Records in key order; those with equal keys in the order of the splits.
  @inlinable static func sorted(_ context: FoldContext) -> Folder {
    let sorter = RecordSorter(context.pool)
    return Folder(fold: { sorter.add($0) }, finish: { Run(ordered: sorter.finish()) })
  }

  /// Records in the order of the splits.
  @inlinable static func inOrder(_ context: FoldContext) -> Folder {
    let list = BlockList(context.pool)
    return Folder(fold: { list.add($0) }, finish: { Run(sequential: list.blocks) })
  }
}

extension Keyed {
  /// A stage that keeps every pair, by key.
  @inlinable func collecting() -> StageKernel {
    let (emitInto, isStored) = (emitInto, isStored)
    return StageKernel(
      .hash,
      makeMapper: { context in
        if isStored { return Mapper(stored: { context.write($0.key, encoded: $0.value) }) }
        let box = HeapCell(
          Emitter<K, V> { batch in
            for index in 0..<batch.count { context.write(batch.key(index), batch.value(index)) }
          })
        return Mapper(emitting: emitInto, into: box)
      },
      makeFolder: { Collect.sorted($0) })
  }
}

extension Dataset {
  /// A stage that keeps every element in the order of the input; `write` appends one element.
  @inlinable @inline(__always) func keepingOrder(
    _ write: @escaping @Sendable (MapContext, T) throws -> Void
  ) -> StageKernel {
    let feed = self.feed
    let step: @Sendable (Batch<T>, MapContext) throws -> Void = { batch, context in
      try batch.forEach(at: nil) { try write(context, $0) }
    }
    return StageKernel(
      .single,
      makeMapper: { context in
        Mapper(
          map: { chunk in
            try feed(chunk) { batch in try step(batch, context) }
          }, finishSplit: {})
      },
      makeFolder: { Collect.inOrder($0) })
  }

  /// A stage that spreads elements evenly: the elements of each split over all partitions in turn.
  @inlinable func spreading(
    _ encode: @escaping @Sendable (T, inout RecordWriter) -> Void
  ) -> StageKernel {
    let feed = self.feed
    return StageKernel(
      .spread,
      makeMapper: { context in
        let next = HeapCell(0)
        return Mapper(
          map: { chunk in
            try feed(chunk) { batch in
              try batch.forEach(at: nil) { element in
                context.value.value.removeAll()
                encode(element, &context.value.value)
                context.writer.append(
                  key: Bytes(""), value: context.value.value.bytes, partition: next.value)
                next.value = (next.value &+ 1) & Int(truncatingIfNeeded: context.partitionMask)
              }
            }
          },
          finishSplit: { next.value = 0 })
      },
      makeFolder: { Collect.inOrder($0) })
  }

  /// A stage that sorts elements by a key. `record` hands key and value of an element on.
  @inlinable func sorting(
    _ record:
      @escaping @Sendable (
        T, MapContext, _ sink: (_ key: Bytes, _ value: Bytes) throws -> Void
      ) throws -> Void
  ) -> StageKernel {
    let feed = self.feed
    return StageKernel(
      .range,
      makeMapper: { context in
        Mapper(
          map: { chunk in
            try feed(chunk) { batch in
              try batch.forEach(at: nil) { element in
                try record(element, context) { key, value in
                  let partition = context.splitters?.partition(of: key) ?? 0
                  context.writer.append(key: key, value: value, partition: partition)
                }
              }
            }
          },
          finishSplit: {})
      },
      makeFolder: { Collect.sorted($0) },
      sample: { chunk, context, samples in
        _ = try feed(chunk) { batch in
          try batch.forEach(at: nil) { element in
            try record(element, context) { key, _ in samples.append(Array(key)) }
          }
        }
      })
  }
}
