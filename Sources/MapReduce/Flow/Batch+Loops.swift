// SPDX-License-Identifier: Apache-2.0
public import Memory
public import Vocabulary

/// The loops of operators: a failure is marked with the operator's place and the number of the
/// record.
extension Batch {
  @inlinable @inline(__always)
  func failing<R>(at location: CodeLocation?, _ body: () throws -> R) throws -> R {
    do { return try body() } catch {
      throw RecordFailure(error, at: location, of: failedRecord)
    }
  }

  /// Calls `body` with each element.
  @inlinable @inline(__always)
  func forEach(at location: CodeLocation?, _ body: (Element) throws -> Void) throws {
    try failing(at: location) { try forEach(body) }
  }

  /// Calls `body` with each element and the one of another batch that belongs to it.
  @inlinable @inline(__always)
  func forEach<Other>(
    with others: Batch<Other>, at location: CodeLocation?,
    _ body: (Element, Other) throws -> Void
  ) throws {
    try failing(at: location) { try forEach(with: others, body) }
  }

  /// Makes one element of each.
  @inlinable @inline(__always)
  func map<U>(
    into target: Batch<U>, at location: CodeLocation, _ transform: (Element) throws -> U
  ) throws {
    try failing(at: location) { try map(into: target, transform) }
  }

  /// Makes one element of each pair.
  @inlinable @inline(__always)
  func map<Other, U>(
    with others: Batch<Other>, into target: Batch<U>, at location: CodeLocation,
    _ transform: (Element, Other) throws -> U
  ) throws {
    try failing(at: location) { try map(with: others, into: target, transform) }
  }

  /// Makes one element of each, or none.
  @inlinable @inline(__always)
  func compactMap<U>(
    into target: Batch<U>, at location: CodeLocation, _ transform: (Element) throws -> U?
  ) throws {
    try failing(at: location) { try compactMap(into: target, transform) }
  }

  /// Makes a pair of each element.
  @inlinable @inline(__always)
  func split<K, V>(
    into keys: Batch<K>, _ values: Batch<V>, at location: CodeLocation,
    _ pair: (Element) throws -> (K, V)
  ) throws {
    try failing(at: location) { try split(into: keys, values, pair) }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable @inline(__always)
  func filter(
    into target: Batch, at location: CodeLocation, _ isIncluded: (Element) throws -> Bool
  ) throws {
    try failing(at: location) { try filter(into: target, isIncluded) }
  }

  /// Keeps the pairs for which `isIncluded` is true.
  @inlinable @inline(__always)
  func filter<Other>(
    with others: Batch<Other>, into target: Batch, _ otherTarget: Batch<Other>,
    at location: CodeLocation, _ isIncluded: (Element, Other) throws -> Bool
  ) throws {
    try failing(at: location) {
      try filter(with: others, into: target, otherTarget, isIncluded)
    }
  }

  /// Makes any number of elements of each, and hands them on.
  @inlinable @inline(__always)
  func flatMap<S: Sequence>(
    through target: Batch<S.Element>, at location: CodeLocation,
    _ transform: (Element) throws -> S, _ sink: (Batch<S.Element>) throws -> Void
  ) throws {
    try failing(at: location) { try flatMap(through: target, transform, sink) }
  }
}
