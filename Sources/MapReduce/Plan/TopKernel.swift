// SPDX-License-Identifier: Apache-2.0
public import Memory
import Vocabulary

/// The n records of the highest ranks, the highest first; among equals the lowest key.
///
/// Values are kept as they are encoded: few are, and a value may be a view that is soon gone.
/// O(pairs) where few are candidates, O(pairs × n) at worst: n is meant to be small.
@usableFromInline struct TopList<Rank: Comparable> {
  @usableFromInline typealias Entry = (key: [UInt8], value: [UInt8], rank: Rank)

  @usableFromInline let limit: Int
  @usableFromInline var entries: [Entry] = []
  /// The lowest of their ranks, where there is no room for more.
  @usableFromInline var bar: Rank?

  @inlinable init(_ limit: Int) { self.limit = limit }

  /// Whether a record would be among them.
  @inlinable @inline(__always) func takes(_ key: Bytes, _ rank: Rank) -> Bool {
    guard let bar else { return limit > 0 }
    // What most are dismissed by.
    if rank < bar { return false }
    return precedes(key, rank, limit - 1)
  }

  /// Puts a record in its place, which `takes` has found to be there.
  @inlinable mutating func insert(_ key: Bytes, _ value: Bytes, _ rank: Rank) {
    var place = entries.count
    while place > 0, precedes(key, rank, place - 1) { place -= 1 }
    entries.insert((Array(key), Array(value), rank), at: place)
    if entries.count > limit { entries.removeLast() }
    if entries.count == limit { bar = entries.last?.rank }
  }

  @inlinable func precedes(_ key: Bytes, _ rank: Rank, _ place: Int) -> Bool {
    if rank > entries[place].rank { return true }
    if entries[place].rank > rank { return false }
    return entries[place].key.withBytes { key < $0 }
  }

  /// Writes all of them, and leaves none.
  @inlinable mutating func write(to writer: PartitionWriter) {
    for entry in entries {
      entry.key.withBytes { key in
        entry.value.withBytes { writer.append(key: key, value: $0, partition: 0) }
      }
    }
    entries = []
    bar = nil
  }
}

extension StageKernel {
  /// Keeps the n records whose values rank highest, of those that mappers have left.
  @inlinable init<V: Record, Rank: Comparable & SendableMetatype>(
    top limit: Int, by rank: @escaping @Sendable (V) -> Rank,
    makeMapper: @escaping @Sendable (MapContext, HeapCell<TopList<Rank>>) -> Mapper
  ) {
    self.init(
      .single, makeMapper: { makeMapper($0, HeapCell(TopList(limit))) },
      makeFolder: { context in
        let list = HeapCell(TopList<Rank>(limit))
        return Folder(
          fold: { block in
            var cursor = FrameCursor(block)
            while let frame = cursor.next() {
              let rank = rank(try V(recordOf: frame))
              guard list.value.takes(frame.key, rank) else { continue }
              list.value.insert(frame.key, frame.value, rank)
            }
          },
          finish: {
            let writer = PartitionWriter(partitions: 1, pool: context.pool)
            list.value.write(to: writer)
            return Run(sequential: writer.takeBlocks()[0])
          })
      })
  }
}

extension TopList {
  /// Takes a record in, if it is among them.
  @inlinable @inline(__always) mutating func offer<V: Record>(
    _ key: Bytes, _ value: V, _ rank: Rank, _ context: MapContext
  ) {
    guard takes(key, rank) else { return }
    context.value.value.removeAll()
    value.encode(into: &context.value.value)
    insert(key, context.value.value.bytes, rank)
  }
}

extension Keyed {
  /// A stage that keeps the n pairs whose values rank highest.
  @inlinable func keepingTop<Rank: Comparable & SendableMetatype>(
    _ limit: Int, by rank: @escaping @Sendable (V) -> Rank
  ) -> StageKernel {
    let emitInto = self.emitInto
    return StageKernel(top: limit, by: rank) { context, list in
      let box = HeapCell(
        Emitter<K, V> { batch in
          for index in 0..<batch.count {
            let value = batch.value(index)
            list.value.offer(batch.key(index), value, rank(value), context)
          }
        })
      return Mapper(emitting: emitInto, into: box) { list.value.write(to: context.writer) }
    }
  }
}

extension Dataset where T: Record & Comparable {
  /// A stage that keeps the n greatest elements.
  @inlinable func keepingTop(_ limit: Int) -> StageKernel {
    let feed = self.feed
    return StageKernel(top: limit, by: { (element: T) in element }) { context, list in
      Mapper(
        map: { chunk in
          try feed(chunk) { batch in
            try batch.forEach(at: nil) { list.value.offer(Bytes(""), $0, $0, context) }
          }
        },
        finishSplit: { list.value.write(to: context.writer) })
    }
  }
}
