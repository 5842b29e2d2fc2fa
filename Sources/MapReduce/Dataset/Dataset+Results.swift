// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory
public import Vocabulary

extension Dataset where T: Key {
  /// Sorts all elements by their key order, over all threads. O(n log n).
  ///
  /// Keys are sampled first, so that each partition gets a range of about the same size: closures
  /// before the sort also run on the sampled elements.
  @inlinable public func sorted(fileID: String = #fileID, line: Int = #line) -> Dataset<T> {
    let kernel = sorting { element, context, sink in
      if T.isView { return try sink(element.view, Bytes("")) }
      context.key.value.removeAll()
      element.encodeKey(into: &context.key.value, isLast: true)
      try sink(context.key.value.bytes, Bytes(""))
    }
    let ended = pipeline.ending(
      "sorted", CodeLocation(fileID: fileID, line: line),
      schema: ResultSchema(key: T.typeCode, value: .nothing, shape: .keys, order: .key),
      kernel: kernel)
    return afterKeys(ended)
  }
}

extension Dataset where T: Key {
  /// Keeps one of equal elements, in the order of the elements. O(elements), memory O(different
  /// elements).
  @inlinable public func distinct(fileID: String = #fileID, line: Int = #line) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let pairs = Keyed<T, Nothing>(pipeline: pipeline) { chunk, emit in
      try feed(chunk) { batch in try batch.forEach(at: nil) { emit($0, Nothing()) } }
    }
    let kernel = pairs.combining(
      at: location, insert: { $0 }, update: { _, _ in }, merge: { _, _ in })
    let ended = pipeline.ending(
      "distinct", location,
      schema: ResultSchema(key: T.typeCode, value: .nothing, shape: .keys, order: .key),
      kernel: kernel, combines: true)
    return afterKeys(ended)
  }

  @inlinable func afterKeys(_ ended: Pipeline) -> Dataset<T> {
    Dataset(
      pipeline: ended,
      feed: { chunk, sink in try chunk.feedRecords(sink) { try T.decodeKey($0.key) } })
  }
}

extension Dataset where T: Record {
  /// Sorts all elements by a key; elements with equal keys stay in the order of the input.
  @inlinable public func sorted<K: Key>(
    by key: @escaping @Sendable (T) throws -> K,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let kernel = sorting { element, context, sink in
      let key = try locating(location) { try key(element) }
      context.key.value.removeAll()
      context.value.value.removeAll()
      key.encodeKey(into: &context.key.value, isLast: true)
      element.encode(into: &context.value.value)
      try sink(context.key.value.bytes, context.value.value.bytes)
    }
    return Dataset(
      valuesOf: pipeline.ending(
        "sorted", location,
        schema: ResultSchema(key: K.typeCode, value: T.typeCode, shape: .values, order: .key),
        kernel: kernel))
  }

  /// Makes the elements once, where several stages or rounds of an iteration read them: without it
  /// each of them reads the source and runs the closures anew. They are spread evenly, in an order
  /// that is not that of the input. O(elements), all of which go through a shuffle.
  @inlinable public func cached(fileID: String = #fileID, line: Int = #line) -> Dataset<T> {
    cached(as: T.self, fileID: fileID, line: line)
  }

  /// The same, where what was kept is read as another type with the same bytes: `[Double]` as
  /// `Doubles`, which are views and take no memory of their own.
  @inlinable public func cached<U: Record>(
    as type: U.Type, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    precondition(U.typeCode == T.typeCode, "\(T.self) and \(U.self) have different bytes")
    return Dataset<U>(
      valuesOf: pipeline.ending(
        "cached", CodeLocation(fileID: fileID, line: line),
        schema: ResultSchema(key: .nothing, value: T.typeCode, shape: .values, order: .input),
        kernel: spreading { $0.encode(into: &$1) }
      ).inner)
  }

  /// Keeps the n greatest elements, the greatest first. O(elements) for small n.
  @inlinable public func top(
    _ limit: Int, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> where T: Comparable {
    precondition(limit >= 0, "top needs a number of elements, not \(limit)")
    let location = CodeLocation(fileID: fileID, line: line)
    return Dataset(
      valuesOf: pipeline.ending(
        "top", location,
        schema: ResultSchema(key: .nothing, value: T.typeCode, shape: .values, order: .rank),
        kernel: keepingTop(limit)))
  }

  /// The values that a stage has left behind.
  @inlinable init(valuesOf ended: Pipeline) {
    self.init(
      pipeline: ended, feed: { chunk, sink in try chunk.feedRecords(sink) { try T(recordOf: $0) } })
  }

  /// Makes the elements a named result of the job, in the order of the input.
  @inlinable public func write(
    _ target: Target, fileID: String = #fileID, line: Int = #line
  ) {
    let location = CodeLocation(fileID: fileID, line: line)
    if pipeline.isResult { return pipeline.write(target, location) }
    pipeline.ending(
      "write", location,
      schema: ResultSchema(key: .nothing, value: T.typeCode, shape: .values, order: .input),
      kernel: keepingValues
    ).write(target, location)
  }

  /// A stage that keeps the elements as values.
  @inlinable var keepingValues: StageKernel {
    keepingOrder { context, element in
      context.value.value.removeAll()
      element.encode(into: &context.value.value)
      context.writer.append(key: Bytes(""), value: context.value.value.bytes, partition: 0)
    }
  }
}

extension Dataset where T == Bytes {
  /// Makes the elements a named result of the job, in the order of the input.
  @inlinable public func write(
    _ target: Target, fileID: String = #fileID, line: Int = #line
  ) {
    let location = CodeLocation(fileID: fileID, line: line)
    if pipeline.isResult { return pipeline.write(target, location) }
    // The element takes the key's place, which needs no length of its own inside the frame.
    let kernel = keepingOrder { context, element in
      context.writer.append(key: element, value: Bytes(""), partition: 0)
    }
    pipeline.ending(
      "write", location,
      schema: ResultSchema(key: .bytes, value: .nothing, shape: .keys, order: .input),
      kernel: kernel
    ).write(target, location)
  }
}

/// Hands the records of an earlier stage to `body`; returns how many there were.
@inlinable func forEachRecord(_ chunk: Chunk, _ body: (Frame) throws -> Void) throws -> Int {
  guard case .records(let slice) = chunk.content else {
    preconditionFailure("records are read")
  }
  let catchers = chunk.catchers
  return try slice.forEach { frame in
    do {
      try body(frame)
    } catch { try failed(error, FailedRecord(offset: nil, frame.key), catchers) }
    if let catchers { try catchers.endRecord(FailedRecord(offset: nil, frame.key)) }
  }
}

extension Record {
  /// The value of a record of an earlier stage.
  @inlinable @inline(__always) init(recordOf frame: Frame) throws {
    var reader = RecordReader(frame.value)
    try self.init(from: &reader)
  }
}

/// A value that says nothing and takes no byte: of keys that are wanted for themselves.
@usableFromInline struct Nothing: Record {
  @usableFromInline static var typeCode: TypeCode { .nothing }
  @inlinable init() {}
  @inlinable func encode(into target: inout RecordWriter) {}
  @inlinable init(from source: inout RecordReader) throws {}
}
