// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Says which keys lie together: those for which it gives the same.
///
/// Datasets that go through the same partitioner lie alike, and meet without a shuffle:
///
/// ```swift
/// let byCountry = Partitioner<Tuple<String, Int>> { $0.parts.0 }
/// let here = orders.partition(by: byCountry)
/// here.join(customers.partition(by: byCountry)) { … }
/// ```
public struct Partitioner<K: Key>: Sendable {
  @usableFromInline let layout: Layout
  /// Appends what it makes of a key.
  @usableFromInline let write: @Sendable (K, inout RecordWriter) throws -> Void

  /// `part` must give the same for equal keys, whoever asks and whenever.
  @inlinable public init<P: Key>(_ part: @escaping @Sendable (K) throws -> P) {
    layout = Layout(isChosen: true)
    write = { key, target in try part(key).encodeKey(into: &target, isLast: true) }
  }
}

/// How pairs lie in partitions: equal keys of datasets with one layout lie in those with one
/// number.
@usableFromInline final class Layout: Sendable {
  /// By the stable hash of the key.
  @usableFromInline static let byHash = Layout(isChosen: false)

  /// Whether a partitioner has chosen it.
  let isChosen: Bool

  @usableFromInline init(isChosen: Bool) { self.isChosen = isChosen }
}

/// Where pairs lie. Keyed operators put them where the hash of the key says; this puts them where a
/// partitioner says, and keyed operators behind it leave them there, without a shuffle of their
/// own. Keys of which one gets most pairs can so be kept apart, and those that are used together be
/// kept together. O(pairs log pairs), all of which go through one shuffle.
extension Keyed {
  /// Puts pairs where a partitioner says: all keys for which it gives the same into one of the
  /// partitions, of which there are 32, each sorted by key.
  @inlinable public func partition(
    by partitioner: Partitioner<K>, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    return Keyed(
      resultOf: pipeline.ending(
        "partition", location, schema: Self.schema(order: .key),
        kernel: placing(partitioner, location)))
  }

  /// The same with a partitioner that no other dataset shares.
  @inlinable public func partition<P: Key>(
    by part: @escaping @Sendable (K) throws -> P, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    partition(by: Partitioner(part), fileID: fileID, line: line)
  }

  /// A stage that keeps every pair, where the partitioner says.
  @inlinable func placing(
    _ partitioner: Partitioner<K>, _ location: CodeLocation
  ) -> StageKernel {
    let emitInto = self.emitInto
    let write = partitioner.write
    return StageKernel(
      .chosen, layout: partitioner.layout,
      makeMapper: { context in
        let box = HeapCell(
          Emitter<K, V> { batch in
            for index in 0..<batch.count {
              context.key.value.removeAll()
              try locating(location) {
                try write(try K.decodeKey(batch.key(index)), &context.key.value)
              }
              context.value.value.removeAll()
              batch.value(index).encode(into: &context.value.value)
              context.writer.append(
                key: batch.key(index), value: context.value.value.bytes,
                partition: stablePartition(
                  context.key.value.bytes, mask: context.partitionMask))
            }
          })
        return Mapper(emitting: emitInto, into: box)
      },
      makeFolder: { Collect.sorted($0) })
  }
}
