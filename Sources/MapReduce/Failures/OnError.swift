// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
public import Vocabulary

/// Records that fail: those of the source that cannot be read as what they should be, and those
/// for which a closure between the source, or the last stage, and here throws.
///
/// A record of the source either gives all that the closures make of it, or nothing and a dead
/// letter. Faults (`preconditionFailure`, an index out of range) are no errors: they end the job.
/// O(records), no shuffle; `.deadLetter` reads its source, and runs the closures before it, once
/// more.
extension Dataset {
  /// Says what becomes of records that fail before this operator.
  @inlinable public func onError(
    _ policy: ErrorPolicy, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let location = CodeLocation(fileID: fileID, line: line)
    let feed = self.feed
    pipeline.writeLetters(policy, location) { chunk, take in
      try caughtFeed(chunk, feed, take) { _ in }
    }
    let take = policy.taker
    return adding("onError", location) { chunk, sink in
      try caughtFeed(chunk, feed, take, sink)
    }
  }
}

extension Keyed {
  /// Says what becomes of records that fail before this operator.
  @inlinable public func onError(
    _ policy: ErrorPolicy, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let location = CodeLocation(fileID: fileID, line: line)
    let emitInto = self.emitInto
    pipeline.writeLetters(policy, location) { chunk, take in
      var nobody = Emitter<K, V> { _ in }
      return try caughtEmit(chunk, emitInto, take, into: &nobody)
    }
    let take = policy.taker
    return Keyed(pipeline: pipeline.keepingKeys("onError", location)) { chunk, emit in
      try caughtEmit(chunk, emitInto, take, into: &emit)
    }
  }
}

/// Takes a record that has failed, or throws.
@usableFromInline typealias FailureTaker = (RecordFailure, FailedRecord) throws -> Void

/// Hands the elements of each record to `sink` once the record is done.
@inlinable func caughtFeed<T>(
  _ chunk: Chunk, _ feed: Feed<T>, _ take: FailureTaker, _ sink: (Batch<T>) throws -> Void
) throws -> Int {
  let held = HeapCell<[T]>([])
  let batch = Batch<T>()
  return try chunk.caught(
    letGo: {
      // All of them have come of one record, which whoever ends it shows.
      for element in held.value {
        if batch.isFull { try batch.handOn(to: sink) { failure, _ in failure } }
        batch.append(element, of: 0)
      }
      try batch.handOn(to: sink) { failure, _ in failure }
      held.value.removeAll(keepingCapacity: true)
    },
    drop: {
      held.value.removeAll(keepingCapacity: true)
      batch.removeAll()
    }, take: take
  ) { chunk in
    try feed(chunk) { batch in try batch.forEach(at: nil) { held.value.append($0) } }
  }
}

/// Emits the pairs of each record once the record is done.
@inlinable func caughtEmit<K: Key, V: Record>(
  _ chunk: Chunk, _ emitInto: (Chunk, inout Emitter<K, V>) throws -> Int, _ take: FailureTaker,
  into emit: inout Emitter<K, V>
) throws -> Int {
  let held = HeapCell(HeldPairs<V>())
  // Where another `onError` follows, what fails there is this record's.
  let isGuarded = chunk.catchers != nil
  var relay = Emitter<K, V> { batch in
    for index in 0..<batch.count { held.value.append(batch.key(index), batch.value(index)) }
  }
  relay.window = chunk.window
  return try chunk.caught(
    letGo: {
      for index in held.value.values.indices {
        emit(try K.decodeKey(held.value.key(index)), held.value.values[index])
      }
      held.value.removeAll()
      if isGuarded { try emit.finishChunk() }
    },
    drop: {
      held.value.removeAll()
      if isGuarded { emit.drop() }
    }, take: take
  ) { chunk in
    let records = try emitInto(chunk, &relay)
    try relay.finishChunk()
    return records
  }
}

/// Pairs of a record, with copies of their keys.
@usableFromInline struct HeldPairs<V>: ~Copyable {
  @usableFromInline var keys = ByteBuffer(capacity: 256)
  @usableFromInline var ends: [Int] = []
  @usableFromInline var values: [V] = []

  @inlinable init() {}

  @inlinable mutating func append(_ key: Bytes, _ value: V) {
    keys.append(key)
    ends.append(keys.count)
    values.append(value)
  }

  @inlinable func key(_ index: Int) -> Bytes {
    keys.bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  @inlinable mutating func removeAll() {
    keys.removeAll()
    ends.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }
}

extension ErrorPolicy {
  /// What is done in the stage that the records are for: there, one that failed is left out.
  @usableFromInline var taker: @Sendable (RecordFailure, FailedRecord) throws -> Void {
    switch kind {
    case .fail: { failure, _ in throw failure }
    case .deadLetter: { _, _ in }
    }
  }
}

extension Pipeline {
  /// Makes the records that fail a result: a stage of its own, over the same operators.
  @usableFromInline func writeLetters(
    _ policy: ErrorPolicy, _ location: CodeLocation,
    _ feed: @escaping @Sendable (Chunk, FailureTaker) throws -> Int
  ) {
    guard case .deadLetter(let target, let limit) = policy.kind else { return }
    adding("onError", location).ending(
      "deadLetter", location, schema: DeadLetters.schema,
      kernel: DeadLetters(target.name, limit, location).kernel(feed), isRepeat: true
    ).write(target, location)
  }
}
