// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Who takes the records of a chunk that fail: the `onError`s behind its source.
///
/// A record is worked on from its source up to the first `onError`, which holds what has come of
/// it. At its end that is let go, up to the next one, and so on. Whatever fails on the way is taken
/// by the `onError` that is next, and all that is held of the record is dropped: it has come to
/// nothing. What fails behind the last one is nobody's, and ends the job.
@usableFromInline final class Catchers {
  /// One `onError`.
  private struct Catcher {
    /// Passes on what is held.
    let letGo: () throws -> Void
    let drop: () -> Void
    /// Takes a record that has failed, or throws: then the job fails.
    let take: (RecordFailure, FailedRecord) throws -> Void
  }

  /// The last one of the flow comes first.
  private var all: [Catcher] = []

  /// Works with one more, in front of the others.
  func with(
    letGo: () throws -> Void, drop: () -> Void,
    take: (RecordFailure, FailedRecord) throws -> Void, _ body: () throws -> Int
  ) throws -> Int {
    try withoutActuallyEscaping(letGo) { letGo in
      try withoutActuallyEscaping(drop) { drop in
        try withoutActuallyEscaping(take) { take in
          all.append(Catcher(letGo: letGo, drop: drop, take: take))
          defer { all.removeLast() }
          return try body()
        }
      }
    }
  }

  /// A record has failed before it came to any of them.
  func take(_ failure: RecordFailure, _ record: FailedRecord) throws {
    try take(failure, record, by: all.count - 1)
  }

  /// A record is done: what has come of it is passed on.
  @usableFromInline func endRecord(_ record: FailedRecord) throws {
    for index in all.indices.reversed() {
      do {
        try all[index].letGo()
      } catch {
        let failure = RecordFailure(error, offset: record.offset, record: record.bytes)
        return try take(failure, record, by: index - 1)
      }
    }
  }

  private func take(_ failure: RecordFailure, _ record: FailedRecord, by index: Int) throws {
    guard index >= 0 else { throw failure }
    for catcher in all { catcher.drop() }
    try all[index].take(failure, record)
  }
}

extension Chunk {
  /// Works on the chunk with an `onError` behind it: see `Catchers`.
  @usableFromInline func caught(
    letGo: () throws -> Void, drop: () -> Void,
    take: (RecordFailure, FailedRecord) throws -> Void, _ body: (Chunk) throws -> Int
  ) throws -> Int {
    var chunk = self
    let catchers = catchers ?? Catchers()
    chunk.catchers = catchers
    return try catchers.with(letGo: letGo, drop: drop, take: take) { try body(chunk) }
  }
}
