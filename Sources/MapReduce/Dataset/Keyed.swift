// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory
public import Vocabulary

/// Many pairs of key and value: what `keyed` and the emitting `flatMap` give.
///
/// Like a dataset it is a description; nothing runs while the plan is built.
public struct Keyed<K: Key, V: Record> {
  @usableFromInline let pipeline: Pipeline
  /// Emits the pairs of a chunk; returns how many input records there were.
  @usableFromInline let emitInto: @Sendable (Chunk, inout Emitter<K, V>) throws -> Int
  /// Hands the pairs of a chunk to a sink; nil where they come out of an emitter alone.
  @usableFromInline let hand: PairFeed<K, V>?
  /// Whether the pairs are the records of an earlier stage as they stand: who wants their bytes
  /// need not decode them.
  @usableFromInline let isStored: Bool

  @usableFromInline init(
    pipeline: Pipeline,
    emitInto: @escaping @Sendable (Chunk, inout Emitter<K, V>) throws -> Int,
    handing hand: PairFeed<K, V>? = nil,
    isStored: Bool = false
  ) {
    self.pipeline = pipeline
    self.emitInto = emitInto
    self.hand = hand
    self.isStored = isStored
  }

  /// Pairs that are handed on in batches.
  @inlinable init(handing pipeline: Pipeline, _ hand: @escaping PairFeed<K, V>) {
    self.init(
      pipeline: pipeline,
      emitInto: { chunk, emit in
        let isGuarded = chunk.catchers != nil
        return try hand(chunk) { keys, values in
          try keys.forEach(with: values, at: nil) { emit($0, $1) }
          if isGuarded { try emit.finishChunk() }
        }
      },
      handing: hand)
  }

  /// The pairs that a stage has left behind.
  @inlinable init(resultOf ended: Pipeline) {
    self.init(
      pipeline: ended.ofPairs,
      emitInto: { chunk, emit in
        let isGuarded = chunk.catchers != nil
        return try forEachRecord(chunk) { frame in
          emit.emit(encoded: frame.key, try V(recordOf: frame))
          if isGuarded { try emit.finishChunk() }
        }
      },
      handing: { chunk, sink in try chunk.feedPairs(sink) }, isStored: true)
  }

  @inlinable static func schema(order: ResultSchema.Order) -> ResultSchema {
    ResultSchema(key: K.typeCode, value: V.typeCode, shape: .pairs, order: order)
  }

  /// Hands the pairs of a chunk to a sink; returns how many input records there were.
  @inlinable var feed: PairFeed<K, V> {
    if let hand { return hand }
    let emitInto = self.emitInto
    return { chunk, sink in
      let (keys, values) = (Batch<K>(), Batch<V>())
      return try withoutActuallyEscaping(sink) { sink in
        var relay = Emitter<K, V> { batch in
          do { try keys.make(batch.count) { try K.decodeKey(batch.key($0)) } } catch {
            throw RecordFailure(error, offset: nil, record: batch.key(keys.failedRecord))
          }
          try values.make(batch.count) { batch.value($0) }
          try telling({ RecordFailure($0, offset: nil, record: batch.key($1)) }) {
            try sink(keys, values)
          }
        }
        relay.window = chunk.window
        let records = try emitInto(chunk, &relay)
        try relay.finishChunk()
        return records
      }
    }
  }
}

extension Keyed {
  /// Combines the values of each key, two at a time. O(pairs), O(keys) memory.
  ///
  /// `combine` must be associative: it also runs before the shuffle, on parts of the input. The
  /// order in which values meet is fixed by the input alone, so that even floating-point sums agree
  /// to the last bit from run to run, whatever the number of threads.
  @inlinable @inline(__always) public func reduce(
    _ combine: @escaping @Sendable (V, V) throws -> V,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let kernel = combining(
      at: location, keepsValues: true, insert: { $0 }, update: { $0 = try combine($0, $1) },
      merge: { $0 = try combine($0, $1) })
    return Keyed(
      resultOf: pipeline.ending(
        "reduce", location, schema: Self.schema(order: .key), kernel: kernel, combines: true))
  }

  /// Gathers the values of each key into an accumulator. O(pairs), O(keys) memory.
  ///
  /// `initial` is the accumulator of a key without values, neutral for `merge`; `accumulate` takes
  /// a value in; `merge` takes in another accumulator, of values that come later in the input.
  @inlinable @inline(__always) public func combine<A: Record>(
    into initial: A,
    _ accumulate: @escaping @Sendable (inout A, V) throws -> Void,
    merge: @escaping @Sendable (inout A, A) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, A> {
    let location = CodeLocation(fileID: fileID, line: line)
    let kernel = combining(
      at: location,
      insert: { value in
        var accumulator = initial
        try accumulate(&accumulator, value)
        return accumulator
      },
      update: { try accumulate(&$0, $1) }, merge: { try merge(&$0, $1) })
    return Keyed<K, A>(
      resultOf: pipeline.ending(
        "combine", location, schema: Keyed<K, A>.schema(order: .key), kernel: kernel,
        combines: true))
  }

  /// Changes every value.
  @inlinable @inline(__always) public func mapValues<W: Record>(
    _ transform: @escaping @Sendable (V) throws -> W,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<V>, Batch<W>, CodeLocation) throws -> Void = {
      try $0.map(into: $1, at: $2, transform)
    }
    return Keyed<K, W>(handing: pipeline.keepingKeys("mapValues", location)) { chunk, sink in
      let made = Batch<W>()
      return try feed(chunk) { keys, values in
        try step(values, made, location)
        try sink(keys, made)
      }
    }
  }

  /// Keeps the pairs for which `isIncluded` is true.
  @inlinable @inline(__always) public func filter(
    _ isIncluded: @escaping @Sendable (K, V) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<K>, Batch<V>, Batch<K>, Batch<V>, CodeLocation) throws -> Void = {
      try $0.filter(with: $1, into: $2, $3, at: $4, isIncluded)
    }
    return Keyed(handing: pipeline.keepingKeys("filter", location)) { chunk, sink in
      let (keptKeys, keptValues) = (Batch<K>(), Batch<V>())
      return try feed(chunk) { keys, values in
        try step(keys, values, keptKeys, keptValues, location)
        if keptKeys.count > 0 { try sink(keptKeys, keptValues) }
      }
    }
  }

  /// Turns every pair into an element.
  @inlinable @inline(__always) public func map<U>(
    _ transform: @escaping @Sendable (K, V) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<K>, Batch<V>, Batch<U>, CodeLocation) throws -> Void = {
      try $0.map(with: $1, into: $2, at: $3, transform)
    }
    return Dataset(
      pipeline: pipeline.adding("map", location),
      feed: { chunk, sink in
        let made = Batch<U>()
        return try feed(chunk) { keys, values in
          try step(keys, values, made, location)
          try sink(made)
        }
      })
  }

  /// Emits any number of pairs for each pair. Where the types of key and value are not clear from
  /// the closure, name them: `flatMap(to: (String, Int).self) { key, value, emit in … }`.
  @inlinable @inline(__always) public func flatMap<L: Key, W: Record>(
    to types: (L, W).Type = (L, W).self,
    _ body: @escaping @Sendable (K, V, inout Emitter<L, W>) throws -> Void,
    fileID: String = #fileID, line: Int = #line
  ) -> Keyed<L, W> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step:
      @Sendable (Batch<K>, Batch<V>, inout Emitter<L, W>, CodeLocation, Bool) throws -> Void = {
        keys, values, emit, location, isGuarded in
        try keys.forEach(with: values, at: location) { key, value in
          try emit.record(isGuarded) { emit in try body(key, value, &emit) }
        }
      }
    return Keyed<L, W>(pipeline: pipeline.adding("flatMap", location)) { chunk, emit in
      let isGuarded = chunk.catchers != nil
      return try feed(chunk) { keys, values in
        try step(keys, values, &emit, location, isGuarded)
      }
    }
  }

  /// The values without their keys.
  @inlinable public var values: Dataset<V> {
    let feed = self.feed
    return Dataset(
      pipeline: pipeline.adding("values"),
      feed: { chunk, sink in try feed(chunk) { try sink($1) } })
  }

  /// Keeps the n pairs with the greatest values, the greatest first; among equals the lowest key.
  @inlinable public func top(
    _ limit: Int, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> where V: Comparable {
    precondition(limit >= 0, "top needs a number of pairs, not \(limit)")
    return Keyed(
      resultOf: pipeline.ending(
        "top", CodeLocation(fileID: fileID, line: line), schema: Self.schema(order: .rank),
        kernel: keepingTop(limit) { $0 }))
  }

  /// Makes the pairs a named result of the job, sorted by key; pairs with equal keys are all kept,
  /// in the order of the input. Straight after `top` the greatest value stays first.
  @inlinable public func write(
    _ target: Target, fileID: String = #fileID, line: Int = #line
  ) {
    let location = CodeLocation(fileID: fileID, line: line)
    if pipeline.isResult { return pipeline.write(target, location) }
    pipeline.forResult.ending(
      "write", location, schema: Self.schema(order: .key), kernel: collecting()
    )
    .write(target, location)
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
        kernel: keepingTop(limit, by: rank)))
  }
}
