// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Operators whose closures are handed a broadcast beside each element. They move nothing of the
/// dataset that they go through.
extension Dataset {
  /// Changes every element.
  @inlinable @inline(__always) public func map<B, U>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (T, B) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    return reading(broadcast, "map", location) { batch, value, made, location in
      try batch.map(into: made, at: location) { try transform($0, value) }
    }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable @inline(__always) public func filter<B>(
    with broadcast: Broadcast<B>, _ isIncluded: @escaping @Sendable (T, B) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    return reading(broadcast, "filter", location) { batch, value, kept, location in
      try batch.filter(into: kept, at: location) { try isIncluded($0, value) }
    }
  }

  /// Makes one pair of each element.
  @inlinable @inline(__always) public func keyed<B, K: Key, V: Record>(
    with broadcast: Broadcast<B>, _ pair: @escaping @Sendable (T, B) throws -> (K, V),
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    flatMap(
      with: broadcast, to: (K, V).self,
      { element, value, emit in
        let (key, made) = try pair(element, value)
        emit(key, made)
      }, fileID: fileID, line: line)
  }

  /// Makes one pair of each element, with a key of two parts.
  @_disfavoredOverload
  @inlinable @inline(__always) public func keyed<B, C: Key, D: Key, V: Record>(
    with broadcast: Broadcast<B>, _ pair: @escaping @Sendable (T, B) throws -> ((C, D), V),
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<Tuple<C, D>, V> {
    flatMap(
      with: broadcast, to: (Tuple<C, D>, V).self,
      { element, value, emit in
        let (key, made) = try pair(element, value)
        emit(Tuple(key.0, key.1), made)
      }, fileID: fileID, line: line)
  }

  /// Emits any number of pairs for each element. Where the types of key and value are not clear
  /// from the closure, name them: `flatMap(with: table, to: (String, Int).self) { … }`.
  @inlinable @inline(__always) public func flatMap<B, K: Key, V: Record>(
    with broadcast: Broadcast<B>, to types: (K, V).Type = (K, V).self,
    _ body: @escaping @Sendable (T, B, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<T>, B, inout Emitter<K, V>, CodeLocation, Bool) throws -> Void = {
      batch, value, emit, location, isGuarded in
      try batch.forEach(at: location) { element in
        try emit.record(isGuarded) { emit in try body(element, value, &emit) }
      }
    }
    return Keyed(pipeline: pipeline.adding("flatMap", location, reading: broadcast.token)) {
      chunk, emit in
      let value = try chunk.broadcasts.value(of: broadcast)
      let isGuarded = chunk.catchers != nil
      return try feed(chunk) { batch in try step(batch, value, &emit, location, isGuarded) }
    }
  }

  /// `make` fills a batch with what it makes of another one.
  @inlinable @inline(__always) func reading<B, U>(
    _ broadcast: Broadcast<B>, _ name: String, _ location: CodeLocation,
    _ make: @escaping @Sendable (Batch<T>, B, Batch<U>, CodeLocation) throws -> Void
  ) -> Dataset<U> {
    let feed = self.feed
    return Dataset<U>(
      pipeline: pipeline.adding(name, location, reading: broadcast.token),
      feed: { chunk, sink in
        let value = try chunk.broadcasts.value(of: broadcast)
        let made = Batch<U>()
        return try feed(chunk) { batch in
          try make(batch, value, made, location)
          if made.count > 0 { try sink(made) }
        }
      })
  }
}

extension Keyed {
  /// Changes every value.
  @inlinable @inline(__always) public func mapValues<B, W: Record>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (K, V, B) throws -> W,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<K>, Batch<V>, B, Batch<W>, CodeLocation) throws -> Void = {
      keys, values, value, made, location in
      try keys.map(with: values, into: made, at: location) { try transform($0, $1, value) }
    }
    return Keyed<K, W>(
      handing: pipeline.keepingKeys("mapValues", location, reading: broadcast.token)
    ) { chunk, sink in
      let value = try chunk.broadcasts.value(of: broadcast)
      let made = Batch<W>()
      return try feed(chunk) { keys, values in
        try step(keys, values, value, made, location)
        try sink(keys, made)
      }
    }
  }

  /// Keeps the pairs for which `isIncluded` is true.
  @inlinable @inline(__always) public func filter<B>(
    with broadcast: Broadcast<B>, _ isIncluded: @escaping @Sendable (K, V, B) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<K>, Batch<V>, B, Batch<K>, Batch<V>, CodeLocation) throws -> Void = {
      keys, values, value, keptKeys, keptValues, location in
      try keys.filter(with: values, into: keptKeys, keptValues, at: location) {
        try isIncluded($0, $1, value)
      }
    }
    return Keyed(
      handing: pipeline.keepingKeys("filter", location, reading: broadcast.token)
    ) { chunk, sink in
      let value = try chunk.broadcasts.value(of: broadcast)
      let (keptKeys, keptValues) = (Batch<K>(), Batch<V>())
      return try feed(chunk) { keys, values in
        try step(keys, values, value, keptKeys, keptValues, location)
        if keptKeys.count > 0 { try sink(keptKeys, keptValues) }
      }
    }
  }

  /// Turns every pair into an element.
  @inlinable @inline(__always) public func map<B, U>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (K, V, B) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<K>, Batch<V>, B, Batch<U>, CodeLocation) throws -> Void = {
      keys, values, value, made, location in
      try keys.map(with: values, into: made, at: location) { try transform($0, $1, value) }
    }
    return Dataset(
      pipeline: pipeline.adding("map", location, reading: broadcast.token),
      feed: { chunk, sink in
        let value = try chunk.broadcasts.value(of: broadcast)
        let made = Batch<U>()
        return try feed(chunk) { keys, values in
          try step(keys, values, value, made, location)
          try sink(made)
        }
      })
  }
}
