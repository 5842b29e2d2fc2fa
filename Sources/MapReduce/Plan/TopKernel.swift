// SPDX-License-Identifier: Apache-2.0
public import Memory
import Vocabulary

/// The n greatest values with their keys, the greatest first; among equals the lowest key.
///
/// O(pairs) where few are candidates, O(pairs × n) at worst: n is meant to be small.
@usableFromInline struct TopList<Value> {
  @usableFromInline let limit: Int
  @usableFromInline var entries: [(key: [UInt8], value: Value)] = []
  @usableFromInline let isAbove: @Sendable (Value, Value) -> Bool

  @inlinable init(_ limit: Int, isAbove: @escaping @Sendable (Value, Value) -> Bool) {
    self.limit = limit
    self.isAbove = isAbove
  }

  @inlinable mutating func insert(_ key: Bytes, _ value: Value) {
    if limit == 0 { return }
    if entries.count == limit, let last = entries.last, !precedes(key, value, last) { return }
    var place = entries.count
    while place > 0, precedes(key, value, entries[place - 1]) { place -= 1 }
    entries.insert((Array(key), value), at: place)
    if entries.count > limit { entries.removeLast() }
  }

  @inlinable func precedes(
    _ key: Bytes, _ value: Value, _ other: (key: [UInt8], value: Value)
  ) -> Bool {
    if isAbove(value, other.value) { return true }
    if isAbove(other.value, value) { return false }
    return other.key.withBytes { key < $0 }
  }
}

@usableFromInline final class TopState<Value> {
  @usableFromInline var list: TopList<Value>
  @inlinable init(_ limit: Int, isAbove: @escaping @Sendable (Value, Value) -> Bool) {
    list = TopList(limit, isAbove: isAbove)
  }
}

extension Keyed {
  /// A stage that keeps the n greatest pairs.
  @inlinable func keepingTop(
    _ limit: Int, isAbove: @escaping @Sendable (V, V) -> Bool
  ) -> StageKernel {
    let emitInto = self.emitInto
    return StageKernel(
      .single,
      makeMapper: { context in
        let state = TopState<V>(limit, isAbove: isAbove)
        let box = HeapCell(
          Emitter<K, V> { batch in
            for index in 0..<batch.count {
              state.list.insert(batch.key(index), batch.value(index))
            }
          })
        return Mapper(emitting: emitInto, into: box) {
          for entry in state.list.entries {
            entry.key.withBytes { context.write($0, entry.value) }
          }
          state.list.entries = []
        }
      },
      makeFolder: { context in
        let state = TopState<V>(limit, isAbove: isAbove)
        return Folder(
          fold: { block in
            var cursor = FrameCursor(block)
            while let frame = cursor.next() {
              var reader = RecordReader(frame.value)
              state.list.insert(frame.key, try V(from: &reader))
            }
          },
          finish: {
            let writer = PartitionWriter(partitions: 1, pool: context.pool)
            var value = RecordWriter()
            for entry in state.list.entries {
              value.removeAll()
              entry.value.encode(into: &value)
              entry.key.withBytes {
                writer.append(key: $0, value: value.bytes, partition: 0)
              }
            }
            return Run(sequential: writer.takeBlocks()[0])
          })
      })
  }
}
