// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Two datasets that meet at equal keys; keys of different types do not compile.
///
/// O(pairs log pairs) for both sides and O(what is made); all pairs of both go through the shuffle;
/// memory O(pairs). Where one side is small, `map(with:)` a broadcast of it moves nothing of the
/// other.
extension Keyed {
  /// Makes one value of every pairing of a value here with one there that have the same key. Keys
  /// of one side alone are dropped.
  @inlinable public func join<W: Record, R: Record>(
    _ other: Keyed<K, W>, _ combine: @escaping @Sendable (K, V, W) throws -> R,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, R> {
    joined("join", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, context, sink in
      for own in left {
        for other in right { try sink(try combine(key, own, other)) }
        try context.progress()
      }
    }
  }

  /// The same for every value here: where there is none with its key there, with nil.
  @inlinable public func leftJoin<W: Record, R: Record>(
    _ other: Keyed<K, W>, _ combine: @escaping @Sendable (K, V, W?) throws -> R,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, R> {
    joined("leftJoin", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, context, sink in
      for own in left {
        if right.count == 0 { try sink(try combine(key, own, nil)) }
        for other in right { try sink(try combine(key, own, other)) }
        try context.progress()
      }
    }
  }

  /// The same for every value there: where there is none with its key here, with nil.
  @inlinable public func rightJoin<W: Record, R: Record>(
    _ other: Keyed<K, W>, _ combine: @escaping @Sendable (K, V?, W) throws -> R,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, R> {
    joined("rightJoin", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, context, sink in
      if left.count == 0 { for other in right { try sink(try combine(key, nil, other)) } }
      for own in left {
        for other in right { try sink(try combine(key, own, other)) }
        try context.progress()
      }
    }
  }

  /// The same for every value of either side: where there is none with its key on the other, with
  /// nil.
  @inlinable public func fullJoin<W: Record, R: Record>(
    _ other: Keyed<K, W>, _ combine: @escaping @Sendable (K, V?, W?) throws -> R,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, R> {
    joined("fullJoin", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, context, sink in
      if left.count == 0 { for other in right { try sink(try combine(key, nil, other)) } }
      for own in left {
        if right.count == 0 { try sink(try combine(key, own, nil)) }
        for other in right { try sink(try combine(key, own, other)) }
        try context.progress()
      }
    }
  }

  /// Emits any number of pairs for every pairing of a value here with one there that have the same
  /// key. Where the types of key and value are not clear from the closure, name them:
  /// `join(other, to: (String, Double).self) { key, own, other, emit in … }`.
  @inlinable public func join<W: Record, L: Key, R: Record>(
    _ other: Keyed<K, W>, to types: (L, R).Type = (L, R).self,
    _ body: @escaping @Sendable (K, V, W, inout Emitter<L, R>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<L, R> {
    rejoined("join", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, context, emit in
      for own in left {
        for other in right { try body(key, own, other, &emit) }
        try context.progress()
      }
    }
  }

  /// Makes one value of all values that both sides have of a key; one of them may have none.
  @inlinable public func coGroup<W: Record, R: Record>(
    _ other: Keyed<K, W>,
    _ transform: @escaping @Sendable (K, Group<V>, Group<W>) throws -> R,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, R> {
    joined("coGroup", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, _, sink in
      try sink(try transform(key, left, right))
    }
  }

  /// Emits any number of pairs for each key, of all values that both sides have of it; one of them
  /// may have none.
  @inlinable public func coGroup<W: Record, L: Key, R: Record>(
    _ other: Keyed<K, W>, to types: (L, R).Type = (L, R).self,
    _ body: @escaping @Sendable (K, Group<V>, Group<W>, inout Emitter<L, R>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<L, R> {
    rejoined("coGroup", other, CodeLocation(fileID: fileID, line: line)) {
      key, left, right, _, emit in
      try body(key, left, right, &emit)
    }
  }

  /// The keys stay: the result is in their order.
  @inlinable func joined<W: Record, R: Record>(
    _ name: String, _ other: Keyed<K, W>, _ location: CodeLocation,
    _ body:
      @escaping @Sendable (K, Group<V>, Group<W>, FoldContext, (R) throws -> Void) throws -> Void
  ) -> Keyed<K, R> {
    Keyed<K, R>(
      resultOf: pipeline.meeting(other.pipeline).ending(
        name, location, schema: Keyed<K, R>.schema(order: .key),
        kernel: joining(other, finish: Self.valuesOfMeetings(at: location, body))))
  }

  /// The keys are others, and stand where they were emitted.
  @inlinable func rejoined<W: Record, L: Key, R: Record>(
    _ name: String, _ other: Keyed<K, W>, _ location: CodeLocation,
    _ body:
      @escaping @Sendable (K, Group<V>, Group<W>, FoldContext, inout Emitter<L, R>) throws -> Void
  ) -> Keyed<L, R> {
    Keyed<L, R>(
      resultOf: pipeline.meeting(other.pipeline).ending(
        name, location, schema: Keyed<L, R>.schema(order: .input),
        kernel: joining(other, finish: Self.pairsOfMeetings(at: location, body))
      ).inner)
  }
}
