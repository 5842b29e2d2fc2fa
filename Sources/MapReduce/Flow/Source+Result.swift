// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory
public import Vocabulary

/// Which version of a result is read: `.result("names", as: String.self, asOf: .version(12))`.
public struct AsOf: Hashable, Sendable {
  @usableFromInline let selector: VersionSelector

  /// The newest one at the moment when the job begins.
  public static let latest = AsOf(selector: .latest)

  /// The version with this number; they are counted from 1.
  public static func version(_ number: Int) -> AsOf {
    AsOf(selector: .version(UInt64(max(0, number))))
  }

  /// The newest one that there was at an instant: `2026-11-23T10:14:03Z`. Throws for a text that is
  /// no instant.
  public static func instant(_ text: String) throws -> AsOf {
    guard let instant = Instant(text: text) else {
      throw JobError(
        .usage, "\"\(text)\" is no instant",
        advice: "write it in UTC: 2026-11-23T10:14:03Z")
    }
    return AsOf(selector: .asOf(instant.microseconds))
  }
}

/// Where pairs begin.
public struct KeyedSource<K: Key, V: Record> {
  @usableFromInline let input: StageInput
  @usableFromInline init(input: StageInput) { self.input = input }
}

extension KeyedSource {
  /// The pairs of an earlier job's result: `.result("customers", as: (Bytes, Int).self)`.
  ///
  /// On a cluster the version is chosen once, when the job begins, and is kept until the job is
  /// over. In one process the result is one that `run … -o DIR` saved; `--results DIR` says where.
  /// Records are read where they lie, partition by partition, and by key within each.
  ///
  /// - Parameters:
  ///   - name: The result's name.
  ///   - types: Its keys and values, as they were written. Where text was written as `String`, it
  ///     can be read as `Bytes`, and the other way round.
  ///   - asOf: Which version.
  @inlinable public static func result(
    _ name: String, as types: (K, V).Type, asOf: AsOf = .latest
  ) -> KeyedSource<K, V> {
    KeyedSource(
      input: StageInput(
        result: name, asOf, .pairs(key: K.typeCode, value: V.typeCode)))
  }

  /// The same where the keys are tuples: `as: ((String, Int), Double).self`.
  @inlinable public static func result<A: Key, B: Key>(
    _ name: String, as types: ((A, B), V).Type, asOf: AsOf = .latest
  ) -> KeyedSource<K, V> where K == Tuple<A, B> {
    result(name, as: (K, V).self, asOf: asOf)
  }

  /// The same where the keys are tuples of three parts.
  @inlinable public static func result<A: Key, B: Key, C: Key>(
    _ name: String, as types: ((A, B, C), V).Type, asOf: AsOf = .latest
  ) -> KeyedSource<K, V> where K == Tuple<A, B, C> {
    result(name, as: (K, V).self, asOf: asOf)
  }
}

extension Source where T: Key {
  /// The elements that an earlier job has made a result, where they are their own keys: lines as
  /// `Bytes`, and what was sorted or made distinct.
  @inlinable public static func result(
    _ name: String, as type: T.Type, asOf: AsOf = .latest
  ) -> Source<T> {
    Source(
      input: StageInput(result: name, asOf, .keys(T.typeCode)),
      feed: { chunk, sink in try chunk.feedRecords(sink) { try T.decodeKey($0.key) } },
      name: "result")
  }
}

extension Source where T: Record {
  /// The elements that an earlier job has made a result.
  @inlinable public static func result(
    _ name: String, as type: T.Type, asOf: AsOf = .latest
  ) -> Source<T> {
    Source(
      input: StageInput(result: name, asOf, .values(T.typeCode)),
      feed: { chunk, sink in try chunk.feedRecords(sink) { try T(recordOf: $0) } },
      name: "result")
  }
}

extension Source where T: Key & Record {
  /// The elements that an earlier job has made a result: `.result("names", as: String.self)`.
  @inlinable public static func result(
    _ name: String, as type: T.Type, asOf: AsOf = .latest
  ) -> Source<T> {
    Source(
      input: StageInput(result: name, asOf, .keysOrValues(T.typeCode)),
      feed: { chunk, sink in
        try chunk.feedRecords(sink) { frame in
          // Elements that are their own keys have no value, and no value takes no byte.
          frame.value.isEmpty ? try T.decodeKey(frame.key) : try T(recordOf: frame)
        }
      },
      name: "result")
  }
}

extension StageInput {
  @usableFromInline init(
    result name: String, _ asOf: AsOf, _ elements: ResultInput.Elements
  ) {
    self = .result(ResultInput(name: name, asOf: asOf.selector, elements: elements))
  }
}

extension Flow {
  /// Begins with pairs.
  @inlinable public func read<K, V>(
    _ source: KeyedSource<K, V>, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    Keyed(resultOf: reading(source.input, CodeLocation(fileID: fileID, line: line)))
  }

  @usableFromInline func reading(_ input: StageInput, _ location: CodeLocation) -> Pipeline {
    Pipeline(
      flow: self, branches: [Branch(input, [])],
      operators: [OperatorDescription("result", location)])
  }
}
