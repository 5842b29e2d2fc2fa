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
