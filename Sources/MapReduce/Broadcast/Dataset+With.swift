// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Operators whose closures are handed a broadcast beside each element. They move nothing of the
/// dataset that they go through.
extension Dataset {
  /// Changes every element.
  @inlinable public func map<B, U>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (T, B) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    reading(broadcast, "map", CodeLocation(fileID: fileID, line: line)) { element, value, sink in
      try sink(try transform(element, value))
    }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable public func filter<B>(
    with broadcast: Broadcast<B>, _ isIncluded: @escaping @Sendable (T, B) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    reading(broadcast, "filter", CodeLocation(fileID: fileID, line: line)) { element, value, sink in
      if try isIncluded(element, value) { try sink(element) }
    }
  }

  /// Makes one pair of each element.
  @inlinable public func keyed<B, K: Key, V: Record>(
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
  @inlinable public func keyed<B, C: Key, D: Key, V: Record>(
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
  @inlinable public func flatMap<B, K: Key, V: Record>(
    with broadcast: Broadcast<B>, to types: (K, V).Type = (K, V).self,
    _ body: @escaping @Sendable (T, B, inout Emitter<K, V>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let (feed, isPlain) = (feed, isPlain)
    return Keyed(pipeline: pipeline.adding("flatMap", location, reading: broadcast.token)) {
      chunk, emit in
      let value = try chunk.broadcasts.value(of: broadcast)
      let isGuarded = chunk.catchers != nil
      return try feeding(chunk, feed, isPlain: isPlain) { element in
        try emit.record(isGuarded) { emit in
          try locating(location) { try body(element, value, &emit) }
        }
      }
    }
  }

  @inlinable func reading<B, U>(
    _ broadcast: Broadcast<B>, _ name: String, _ location: CodeLocation,
    _ body: @escaping @Sendable (T, B, (U) throws -> Void) throws -> Void
  ) -> Dataset<U> {
    let (feed, isPlain) = (feed, isPlain)
    return Dataset<U>(
      pipeline: pipeline.adding(name, location, reading: broadcast.token),
      feed: { chunk, sink in
        let value = try chunk.broadcasts.value(of: broadcast)
        return try feeding(chunk, feed, isPlain: isPlain) { element in
          try locating(location) { try body(element, value, sink) }
        }
      })
  }
}

extension Keyed {
  /// Changes every value.
  @inlinable public func mapValues<B, W: Record>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (K, V, B) throws -> W,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    return Keyed<K, W>(
      handing: pipeline.keepingKeys("mapValues", location, reading: broadcast.token)
    ) { chunk, sink in
      let value = try chunk.broadcasts.value(of: broadcast)
      return try feed(chunk) { key, own in
        try sink(key, try locating(location) { try transform(key, own, value) })
      }
    }
  }

  /// Keeps the pairs for which `isIncluded` is true.
  @inlinable public func filter<B>(
    with broadcast: Broadcast<B>, _ isIncluded: @escaping @Sendable (K, V, B) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    return Keyed(
      handing: pipeline.keepingKeys("filter", location, reading: broadcast.token)
    ) { chunk, sink in
      let value = try chunk.broadcasts.value(of: broadcast)
      return try feed(chunk) { key, own in
        if try locating(location, { try isIncluded(key, own, value) }) { try sink(key, own) }
      }
    }
  }

  /// Turns every pair into an element.
  @inlinable public func map<B, U>(
    with broadcast: Broadcast<B>, _ transform: @escaping @Sendable (K, V, B) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    return Dataset(
      pipeline: pipeline.adding("map", location, reading: broadcast.token),
      feed: { chunk, sink in
        let value = try chunk.broadcasts.value(of: broadcast)
        return try feed(chunk) { key, own in
          try sink(try locating(location) { try transform(key, own, value) })
        }
      })
  }
}
