// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Many elements, spread over threads: what a source gives and operators change.
///
/// A dataset is a description: nothing runs while the plan is built. Operators up to the next
/// `reduce`, `combine`, `sorted`, `top` or `write` are fused into one loop. Every operator costs
/// O(elements); fluent steps cost two indirect calls for each element and step, the emitting form
/// of `flatMap` none.
public struct Dataset<T> {
  @usableFromInline let pipeline: Pipeline
  /// Hands the elements of a chunk to a sink; returns how many input records there were.
  @usableFromInline let feed: @Sendable (Chunk, (T) throws -> Void) throws -> Int
  /// Whether the elements are the lines, or records of a fixed size, of the input as they stand.
  @usableFromInline let isPlain: Bool

  @usableFromInline init(
    pipeline: Pipeline,
    feed: @escaping @Sendable (Chunk, (T) throws -> Void) throws -> Int,
    isPlain: Bool = false
  ) {
    self.pipeline = pipeline
    self.feed = feed
    self.isPlain = isPlain
  }

  @inlinable func adding<U>(
    _ name: String, _ location: CodeLocation,
    _ feed: @escaping @Sendable (Chunk, (U) throws -> Void) throws -> Int
  ) -> Dataset<U> {
    Dataset<U>(pipeline: pipeline.adding(name, location), feed: feed)
  }
}

/// Hands the elements of a chunk to `body`. Lines and records that are elements as they stand are
/// found here, in one loop with the operator behind them: that saves two calls for each.
@inlinable @inline(__always)
func feeding<T>(
  _ chunk: Chunk, _ feed: @escaping @Sendable (Chunk, (T) throws -> Void) throws -> Int,
  isPlain: Bool,
  _ body: (T) throws -> Void
) throws -> Int {
  guard isPlain else { return try feed(chunk, body) }
  return try forEachPlain(chunk) { bytes in
    guard let element = bytes as? T else { preconditionFailure("plain elements are bytes") }
    try body(element)
  }
}

/// Calls a user's closure; an error that it throws is marked with the operator's place.
@inlinable @inline(__always)
func locating<R>(_ location: CodeLocation, _ body: () throws -> R) throws -> R {
  do { return try body() } catch { throw RecordFailure(error, at: location) }
}

extension Dataset {
  /// Changes every element.
  @inlinable public func map<U>(
    _ transform: @escaping @Sendable (T) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let (feed, isPlain) = (feed, isPlain)
    return adding("map", location) { chunk, sink in
      try feeding(chunk, feed, isPlain: isPlain) { element in
        try sink(try locating(location) { try transform(element) })
      }
    }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable public func filter(
    _ isIncluded: @escaping @Sendable (T) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let (feed, isPlain) = (feed, isPlain)
    return adding("filter", location) { chunk, sink in
      try feeding(chunk, feed, isPlain: isPlain) { element in
        if try locating(location, { try isIncluded(element) }) { try sink(element) }
      }
    }
  }

  /// Changes every element and drops those for which `transform` gives nil.
  @inlinable public func compactMap<U>(
    _ transform: @escaping @Sendable (T) throws -> U?,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let (feed, isPlain) = (feed, isPlain)
    return adding("compactMap", location) { chunk, sink in
      try feeding(chunk, feed, isPlain: isPlain) { element in
        if let changed = try locating(location, { try transform(element) }) {
          try sink(changed)
        }
      }
    }
  }

  /// Turns every element into any number of others.
  @inlinable public func flatMap<S: Sequence>(
    _ transform: @escaping @Sendable (T) throws -> S,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<S.Element> {
    let location = CodeLocation(fileID: fileID, line: line)
    let (feed, isPlain) = (feed, isPlain)
    return adding("flatMap", location) { chunk, sink in
      try feeding(chunk, feed, isPlain: isPlain) { element in
        let elements = try locating(location) { try transform(element) }
        for element in elements { try sink(element) }
      }
    }
  }
}
