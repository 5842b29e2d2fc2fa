// SPDX-License-Identifier: Apache-2.0
public import Memory
import Vocabulary

/// Hands the elements of a chunk to a sink, some at a time; returns how many input records there
/// were.
@usableFromInline typealias Feed<T> = @Sendable (Chunk, (Batch<T>) throws -> Void) throws -> Int

/// The same for pairs: two batches of which elements with one number belong together.
@usableFromInline typealias PairFeed<K, V> =
  @Sendable (Chunk, (Batch<K>, Batch<V>) throws -> Void) throws -> Int

/// For sources.
extension Batch {
  /// A batch for the records of a chunk: for one at a time where each is ended by itself, because
  /// others than the job take those that fail.
  @usableFromInline convenience init(of chunk: Chunk) {
    let isSingle = chunk.catchers != nil
    self.init(capacity: isSingle ? 1 : Limits.batchElements)
    // A single record is noted by who has found it.
    if !isSingle, chunk.place != nil { keepNotes() }
  }

  /// Hands on what was added, if anything was, and is empty after that. Of a failure, `tell` shows
  /// the record.
  @inlinable func handOn(to sink: (Batch) throws -> Void, tell: FailureTeller) throws {
    if owned == 0 { return }
    fill(owned)
    defer { removeAll() }
    try telling(tell) { try sink(self) }
  }

  /// Hands on the elements that are shown, if any are; their places are free after that.
  func handOnPlaces(to sink: (Batch) throws -> Void, tell: FailureTeller) throws {
    if count == 0 { return }
    defer { hidePlaces() }
    try telling(tell) { try sink(self) }
  }

  /// Hands on what was added to both: the parts of pairs.
  @inlinable func handOn<Other>(
    with others: Batch<Other>, to sink: (Batch, Batch<Other>) throws -> Void, tell: FailureTeller
  ) throws {
    if owned == 0 { return }
    fill(owned)
    others.fill(others.owned, as: self)
    defer {
      removeAll()
      others.removeAll()
    }
    try telling(tell) { try sink(self, others) }
  }
}

/// Shows the record with a number in a failure that names it.
@usableFromInline typealias FailureTeller = (RecordFailure, _ record: Int) -> RecordFailure

@inlinable func telling(_ tell: FailureTeller, _ body: () throws -> Void) throws {
  do { try body() } catch {
    guard let failure = error as? RecordFailure, let number = failure.number else { throw error }
    throw tell(failure, number)
  }
}
