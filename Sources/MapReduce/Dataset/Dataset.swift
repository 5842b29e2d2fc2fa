// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Many elements, spread over threads: what a source gives and operators change.
///
/// A dataset is a description: nothing runs while the plan is built. Operators up to the next
/// `reduce`, `combine`, `sorted`, `top` or `write` are fused into one loop. Every operator costs
/// O(elements); elements go from step to step in batches, each step a loop of its own.
public struct Dataset<T> {
  @usableFromInline let pipeline: Pipeline
  /// Hands the elements of a chunk to a sink; returns how many input records there were.
  @usableFromInline let feed: Feed<T>
  /// Whether the elements are the lines, or records of a fixed size, of the input as they stand.
  @usableFromInline let isPlain: Bool

  @usableFromInline init(
    pipeline: Pipeline, feed: @escaping Feed<T>, isPlain: Bool = false
  ) {
    self.pipeline = pipeline
    self.feed = feed
    self.isPlain = isPlain
  }

  @inlinable @inline(__always) func adding<U>(
    _ name: String, _ location: CodeLocation, _ feed: @escaping Feed<U>
  ) -> Dataset<U> {
    Dataset<U>(pipeline: pipeline.adding(name, location), feed: feed)
  }
}

/// Calls a user's closure; an error that it throws is marked with the operator's place.
@inlinable @inline(__always)
func locating<R>(_ location: CodeLocation, _ body: () throws -> R) throws -> R {
  do { return try body() } catch { throw RecordFailure(error, at: location) }
}

// The loop of a step is a closure of its own that captures nothing but the user's: where that is
// known, the compiler makes one function of both.
extension Dataset {
  /// Changes every element.
  @inlinable @inline(__always) public func map<U>(
    _ transform: @escaping @Sendable (T) throws -> U,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<T>, Batch<U>, CodeLocation) throws -> Void = {
      try $0.map(into: $1, at: $2, transform)
    }
    return adding("map", location) { chunk, sink in
      let made = Batch<U>()
      return try feed(chunk) { batch in
        try step(batch, made, location)
        try sink(made)
      }
    }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable @inline(__always) public func filter(
    _ isIncluded: @escaping @Sendable (T) throws -> Bool,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<T>, Batch<T>, CodeLocation) throws -> Void = {
      try $0.filter(into: $1, at: $2, isIncluded)
    }
    return adding("filter", location) { chunk, sink in
      let kept = Batch<T>()
      return try feed(chunk) { batch in
        try step(batch, kept, location)
        if kept.count > 0 { try sink(kept) }
      }
    }
  }

  /// Changes every element and drops those for which `transform` gives nil.
  @inlinable @inline(__always) public func compactMap<U>(
    _ transform: @escaping @Sendable (T) throws -> U?,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<U> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step: @Sendable (Batch<T>, Batch<U>, CodeLocation) throws -> Void = {
      try $0.compactMap(into: $1, at: $2, transform)
    }
    return adding("compactMap", location) { chunk, sink in
      let made = Batch<U>()
      return try feed(chunk) { batch in
        try step(batch, made, location)
        if made.count > 0 { try sink(made) }
      }
    }
  }

  /// Turns every element into any number of others.
  @inlinable @inline(__always) public func flatMap<S: Sequence & SendableMetatype>(
    _ transform: @escaping @Sendable (T) throws -> S,
    fileID: String = #fileID, line: Int = #line
  ) -> Dataset<S.Element> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    let step:
      @Sendable (
        Batch<T>, Batch<S.Element>, CodeLocation, (Batch<S.Element>) throws -> Void
      ) throws -> Void = { try $0.flatMap(through: $1, at: $2, transform, $3) }
    return adding("flatMap", location) { chunk, sink in
      let made = Batch<S.Element>()
      return try feed(chunk) { batch in try step(batch, made, location, sink) }
    }
  }
}
