// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

extension Dataset {
  @inlinable @inline(__always) func emitting<K, V>(
    _ name: String, _ location: CodeLocation,
    _ body: @escaping @Sendable (T, inout Emitter<K, V>) throws -> Void
  ) -> Keyed<K, V> {
    let feed = self.feed
    let step: @Sendable (Batch<T>, inout Emitter<K, V>, CodeLocation, Bool) throws -> Void = {
      batch, emit, location, isGuarded in
      try batch.forEach(at: location) { element in
        try emit.record(isGuarded) { emit in try body(element, &emit) }
      }
    }
    return Keyed(pipeline: pipeline.adding(name, location)) { chunk, emit in
      let isGuarded = chunk.catchers != nil
      return try feed(chunk) { batch in try step(batch, &emit, location, isGuarded) }
    }
  }

  /// One pair of each element, which goes to the next operator as it is.
  @inlinable @inline(__always) func pairing<K, V>(
    _ name: String, _ location: CodeLocation, _ pair: @escaping @Sendable (T) throws -> (K, V)
  ) -> Keyed<K, V> {
    let feed = self.feed
    let emitting: @Sendable (Batch<T>, inout Emitter<K, V>, CodeLocation) throws -> Void = {
      batch, emit, location in
      try batch.forEach(at: location) { element in
        let (key, value) = try pair(element)
        emit(key, value)
      }
    }
    let step: @Sendable (Batch<T>, Batch<K>, Batch<V>, CodeLocation) throws -> Void = {
      try $0.split(into: $1, $2, at: $3, pair)
    }
    return Keyed(pipeline: pipeline.adding(name, location)) { chunk, emit in
      let isGuarded = chunk.catchers != nil
      return try feed(chunk) { batch in
        try emitting(batch, &emit, location)
        if isGuarded { try emit.finishChunk() }
      }
    } handing: { chunk, sink in
      let (keys, values) = (Batch<K>(), Batch<V>())
      return try feed(chunk) { batch in
        try step(batch, keys, values, location)
        try sink(keys, values)
      }
    }
  }

  /// Emits any number of pairs for each element.
  ///
  /// Where the types of key and value are not `Bytes` and `Int`, name them:
  /// `flatMap(to: (String, Double).self) { line, emit in … }`.
  @inlinable @inline(__always) public func flatMap<K: Key, V: Record>(
    to types: (K, V).Type,
    _ body: @escaping @Sendable (T, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    emitting("flatMap", CodeLocation(fileID: fileID, line: line), body)
  }

  /// Emits any number of pairs for each element; the closure's types name key and value.
  @inlinable @inline(__always) public func flatMap<K: Key, V: Record>(
    _ body: @escaping @Sendable (T, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    emitting("flatMap", CodeLocation(fileID: fileID, line: line), body)
  }

  /// Makes one pair of each element.
  @inlinable @inline(__always) public func keyed<K: Key, V: Record>(
    _ pair: @escaping @Sendable (T) throws -> (K, V),
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    pairing("keyed", CodeLocation(fileID: fileID, line: line), pair)
  }

  /// Makes one pair of each element, with a key of two parts.
  @_disfavoredOverload
  @inlinable @inline(__always) public func keyed<A: Key, B: Key, V: Record>(
    _ pair: @escaping @Sendable (T) throws -> ((A, B), V),
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<Tuple<A, B>, V> {
    pairing("keyed", CodeLocation(fileID: fileID, line: line)) { element in
      let (key, value) = try pair(element)
      return (Tuple(key.0, key.1), value)
    }
  }

  /// Makes one pair of each element, with a key of three parts.
  @_disfavoredOverload
  @inlinable @inline(__always) public func keyed<A: Key, B: Key, C: Key, V: Record>(
    _ pair: @escaping @Sendable (T) throws -> ((A, B, C), V),
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<Tuple<A, B, C>, V> {
    pairing("keyed", CodeLocation(fileID: fileID, line: line)) { element in
      let (key, value) = try pair(element)
      return (Tuple(key.0, key.1, key.2), value)
    }
  }

  /// Makes one pair of each element, which is itself the value.
  @inlinable @inline(__always) public func keyed<K: Key>(
    by key: @escaping @Sendable (T) throws -> K,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, T> where T: Record {
    pairing("keyed", CodeLocation(fileID: fileID, line: line)) { (try key($0), $0) }
  }
}

extension Dataset where T == Bytes {
  @inlinable @inline(__always) func emittingLines<K, V>(
    _ name: String, _ location: CodeLocation,
    _ body: @escaping @Sendable (Bytes, inout Emitter<K, V>) throws -> Void
  ) -> Keyed<K, V> {
    guard isPlain else { return emitting(name, location, body) }
    // The loop over lines, the user's closure and the emitter are compiled as one.
    return Keyed(pipeline: pipeline.adding(name, location)) { chunk, emit in
      let isGuarded = chunk.catchers != nil
      return try forEachPlain(chunk) { line, _ in
        do { try body(line, &emit) } catch {
          if isGuarded { emit.drop() }
          throw RecordFailure(error, at: location)
        }
        if isGuarded { try emit.finishChunk() }
      }
    }
  }

  /// Emits any number of pairs for each line, in one loop: the fastest form.
  @inlinable @inline(__always) public func flatMap<K: Key, V: Record>(
    _ body: @escaping @Sendable (Bytes, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    emittingLines("flatMap", CodeLocation(fileID: fileID, line: line), body)
  }

  /// Emits any number of pairs for each line, in one loop; `types` names key and value.
  @inlinable @inline(__always) public func flatMap<K: Key, V: Record>(
    to types: (K, V).Type,
    _ body: @escaping @Sendable (Bytes, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    emittingLines("flatMap", CodeLocation(fileID: fileID, line: line), body)
  }

  /// Emits any number of views with counts for each line, in one loop: the commonest case, whose
  /// types need no name.
  @inlinable @inline(__always) public func flatMap(
    _ body: @escaping @Sendable (Bytes, inout Emitter<Bytes, Int>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<Bytes, Int> {
    emittingLines("flatMap", CodeLocation(fileID: fileID, line: line), body)
  }
}
