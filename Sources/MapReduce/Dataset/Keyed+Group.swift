// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// All values of a key at once. Where values can be combined two at a time, `reduce` and `combine`
/// are cheaper: they send one value for each key and part of the input.
///
/// O(pairs log pairs) and all pairs through the shuffle; memory O(pairs), whatever the largest
/// group.
extension Keyed {
  /// Makes one value of all values of each key, which come in the order of the input.
  @inlinable public func group<W: Record>(
    _ transform: @escaping @Sendable (K, Group<V>) throws -> W,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    return grouped(nil, location, Self.oneOfEach(at: location, transform))
  }

  /// Makes one value of all values of each key, which come in the order of what `order` gives;
  /// those with equal order in the order of the input.
  @inlinable public func group<O: Key, W: Record>(
    orderedBy order: @escaping @Sendable (V) throws -> O,
    _ transform: @escaping @Sendable (K, Group<V>) throws -> W,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    return grouped(
      Self.ordering(location, order), location, Self.oneOfEach(at: location, transform))
  }

  /// Emits any number of pairs for each key, of all its values, which come in the order of the
  /// input. Where the types of key and value are not clear from the closure, name them:
  /// `group(to: (String, Int).self) { key, values, emit in … }`.
  @inlinable public func group<L: Key, W: Record>(
    to types: (L, W).Type = (L, W).self,
    _ body: @escaping @Sendable (K, Group<V>, inout Emitter<L, W>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<L, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    return regrouped(nil, location, Self.anyOfEach(at: location, body))
  }

  /// Emits any number of pairs for each key, of all its values, which come in the order of what
  /// `order` gives; those with equal order in the order of the input.
  @inlinable public func group<O: Key, L: Key, W: Record>(
    orderedBy order: @escaping @Sendable (V) throws -> O, to types: (L, W).Type = (L, W).self,
    _ body: @escaping @Sendable (K, Group<V>, inout Emitter<L, W>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<L, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    return regrouped(
      Self.ordering(location, order), location, Self.anyOfEach(at: location, body))
  }

  @inlinable static func ordering<O: Key>(
    _ location: CodeLocation, _ order: @escaping @Sendable (V) throws -> O
  ) -> ValueOrder {
    { value, target in
      try locating(location) { try order(value) }.encodeKey(into: &target, isLast: true)
    }
  }

  /// The keys stay: the result is in their order.
  @inlinable func grouped<W: Record>(
    _ order: ValueOrder?, _ location: CodeLocation,
    _ finish: @escaping @Sendable (GroupScan, FoldContext) throws -> Run
  ) -> Keyed<K, W> {
    Keyed<K, W>(
      resultOf: pipeline.ending(
        "group", location, schema: Keyed<K, W>.schema(order: .key),
        kernel: grouping(order, finish: finish)))
  }

  /// The keys are others, and stand where they were emitted.
  @inlinable func regrouped<L: Key, W: Record>(
    _ order: ValueOrder?, _ location: CodeLocation,
    _ finish: @escaping @Sendable (GroupScan, FoldContext) throws -> Run
  ) -> Keyed<L, W> {
    Keyed<L, W>(
      resultOf: pipeline.ending(
        "group", location, schema: Keyed<L, W>.schema(order: .input),
        kernel: grouping(order, finish: finish)
      ).inner)
  }
}

extension Keyed {
  /// Counts the pairs of each key. O(pairs), O(keys) memory.
  @inlinable @inline(__always) public func countByKey(
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, Int> {
    let location = CodeLocation(fileID: fileID, line: line)
    let kernel = combining(
      at: location, insert: { _ in 1 }, update: { count, _ in count += 1 },
      merge: { $0 += $1 })
    return Keyed<K, Int>(
      resultOf: pipeline.ending(
        "countByKey", location, schema: Keyed<K, Int>.schema(order: .key), kernel: kernel,
        combines: true))
  }

  /// Keeps the n pairs whose values rank highest, the highest first; among equals the lowest key.
  /// O(pairs) for small n.
  @inlinable public func top<C: Comparable & Sendable>(
    _ limit: Int, by rank: @escaping @Sendable (V) -> C,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    precondition(limit >= 0, "top needs a number of pairs, not \(limit)")
    return Keyed(
      resultOf: pipeline.ending(
        "top", CodeLocation(fileID: fileID, line: line), schema: Self.schema(order: .rank),
        kernel: keepingTop(limit) { rank($0) > rank($1) }))
  }
}

extension Dataset where T: Key {
  /// Keeps one of equal elements, in the order of the elements. O(elements), memory O(different
  /// elements).
  @inlinable public func distinct(fileID: String = #fileID, line: Int = #line) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let pairs = Keyed<T, Nothing>(pipeline: pipeline) { chunk, emit in
      try feed(chunk) { emit($0, Nothing()) }
    }
    let kernel = pairs.combining(
      at: location, insert: { $0 }, update: { _, _ in }, merge: { _, _ in })
    let ended = pipeline.ending(
      "distinct", location,
      schema: ResultSchema(key: T.typeCode, value: .nothing, shape: .keys, order: .key),
      kernel: kernel, combines: true)
    return Dataset(
      pipeline: ended,
      feed: { chunk, sink in
        try forEachRecord(chunk) { frame in try sink(try T.decodeKey(frame.key)) }
      })
  }
}

/// A value that says nothing and takes no byte: of keys that are wanted for themselves.
@usableFromInline struct Nothing: Record {
  @usableFromInline static var typeCode: TypeCode { .nothing }
  @inlinable init() {}
  @inlinable func encode(into target: inout RecordWriter) {}
  @inlinable init(from source: inout RecordReader) throws {}
}
