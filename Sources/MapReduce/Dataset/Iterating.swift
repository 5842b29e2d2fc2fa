// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

/// Rounds that begin with what the round before has made: a job of any number of rounds is one job,
/// whose results become visible together.
///
/// `body` is called once for each round while the plan is built, never while it runs. Each round
/// costs what its operators cost; with `until`, also the shuffle of what it began with and of what
/// it has made, which meet by key.
extension Keyed {
  /// Goes through up to `rounds` rounds, and ends after the one in which every key has settled:
  /// `until` is handed its value before the round and after it. A key that comes or goes has not
  /// settled. With `mustSettle` the job fails where some key still changes in the last round.
  @inlinable public func iterate(
    upTo rounds: Int, until isSettled: @escaping @Sendable (V, V) throws -> Bool,
    mustSettle: Bool = false, _ body: (Keyed<K, V>) throws -> Keyed<K, V>,
    fileID: String = #fileID, line: Int = #line
  ) rethrows -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    return try pipeline.rounds(
      rounds, mustSettle: mustSettle, from: standing("iterate", location), settling: { $0.pipeline }
    ) { state in
      let next = try body(state)
      return state.settling(next, location) { before, after in
        guard before.count == after.count else { return false }
        var earlier = before.makeIterator()
        for value in after {
          guard let last = earlier.next(), try isSettled(last, value) else { return false }
        }
        return true
      }
    }
  }

  /// Goes through `rounds` rounds.
  @inlinable public func iterate(
    upTo rounds: Int, _ body: (Keyed<K, V>) throws -> Keyed<K, V>,
    fileID: String = #fileID, line: Int = #line
  ) rethrows -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    return try pipeline.rounds(rounds, from: standing("iterate", location), settling: { _ in nil })
    { state in
      let next = try body(state)
      return next.pipeline.isOfRound ? next : next.standing("iterate", location)
    }
  }

  /// The same pairs as the result of a stage, so that nothing before it is done again.
  @inlinable func standing(_ name: String, _ location: CodeLocation) -> Keyed<K, V> {
    if pipeline.isResult { return self }
    return Keyed(
      resultOf: pipeline.forResult.ending(
        name, location, schema: Self.schema(order: .key), kernel: collecting()))
  }

  /// What is there after a round, with a count of the keys that have not settled.
  @inlinable func settling(
    _ next: Keyed<K, V>, _ location: CodeLocation,
    _ isSettled: @escaping @Sendable (_ before: Group<V>, _ after: Group<V>) throws -> Bool
  ) -> Keyed<K, V> {
    Keyed(resultOf: settled(next, location, schema: Self.schema(order: .key), isSettled))
  }

  @inlinable func settled(
    _ next: Keyed<K, V>, _ location: CodeLocation, schema: ResultSchema,
    _ isSettled: @escaping @Sendable (_ before: Group<V>, _ after: Group<V>) throws -> Bool
  ) -> Pipeline {
    let changes = pipeline.changes
    let finish = Self.valuesOfMeetings(at: location) {
      (_: K, before: Group<V>, after: Group<V>, _: FoldContext, sink: (V) throws -> Void) in
      if !(try isSettled(before, after)) { changes.add() }
      for value in after { try sink(value) }
    }
    return pipeline.meeting(next.pipeline).ending(
      "iterate", location, schema: schema, kernel: joining(next, finish: finish), settles: true)
  }
}

extension Dataset where T: Record {
  /// Goes through up to `rounds` rounds, and ends after the one that has settled: `until` is handed
  /// all elements before the round and all after it, in their order. They are few: both are in
  /// memory at once. With `mustSettle` the job fails where the last round has not settled.
  @inlinable public func iterate(
    upTo rounds: Int, until isSettled: @escaping @Sendable ([T], [T]) throws -> Bool,
    mustSettle: Bool = false, _ body: (Dataset<T>) throws -> Dataset<T>,
    fileID: String = #fileID, line: Int = #line
  ) rethrows -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let schema = ResultSchema(
      key: .nothing, value: T.typeCode, shape: .values, order: .input)
    return try pipeline.rounds(
      rounds, mustSettle: mustSettle, from: standing("iterate", location), settling: { $0.pipeline }
    ) { state in
      let next = try body(state).together
      return Dataset(
        valuesOf: state.together.settled(next, location, schema: schema) { before, after in
          try isSettled(Array(before), Array(after))
        })
    }
  }

  /// Goes through `rounds` rounds.
  @inlinable public func iterate(
    upTo rounds: Int, _ body: (Dataset<T>) throws -> Dataset<T>,
    fileID: String = #fileID, line: Int = #line
  ) rethrows -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    return try pipeline.rounds(rounds, from: standing("iterate", location), settling: { _ in nil })
    { state in
      let next = try body(state)
      return next.pipeline.isOfRound ? next : next.standing("iterate", location)
    }
  }

  /// All elements under one key.
  @inlinable var together: Keyed<Bytes, T> {
    let feed = self.feed
    return Keyed(pipeline: pipeline) { chunk, emit in
      try feed(chunk) { batch in try batch.forEach(at: nil) { emit(Bytes(""), $0) } }
    }
  }

  /// The same elements as the result of a stage, so that nothing before it is done again.
  @inlinable func standing(_ name: String, _ location: CodeLocation) -> Dataset<T> {
    if pipeline.isResult { return self }
    let schema = ResultSchema(
      key: .nothing, value: T.typeCode, shape: .values, order: .input)
    return Dataset(
      valuesOf: pipeline.ending(name, location, schema: schema, kernel: keepingValues))
  }
}
