// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

/// An error on its way out of a chunk: it gathers where it happened.
@usableFromInline struct RecordFailure: Error {
  let cause: any Error
  /// The operator whose closure threw.
  var location: CodeLocation?
  /// Which record of the chunk it was, as its source counts them.
  @usableFromInline var number: Int?
  /// Where in the chunk the line begins.
  var offset: Int?
  /// The beginning of the record.
  var record: String?

  /// The operator's closure threw `cause`: the innermost operator is the one that stays.
  @usableFromInline init(_ cause: any Error, at location: CodeLocation?) {
    if let failure = cause as? RecordFailure {
      self = failure
      self.location = failure.location ?? location
    } else {
      self.cause = cause
      self.location = location
    }
  }

  /// The same at a record of the chunk.
  @usableFromInline init(_ cause: any Error, at location: CodeLocation?, of number: Int) {
    self.init(cause, at: location)
    self.number = self.number ?? number
  }

  /// The cause happened at this line or record of the chunk.
  @usableFromInline init(_ cause: any Error, offset: Int?, record: Bytes) {
    self.init(cause, offset: offset, shown: record.shown)
  }

  /// The same with the record as it shall be shown.
  init(_ cause: any Error, offset: Int?, shown: @autoclosure () -> String) {
    if let failure = cause as? RecordFailure {
      self = failure
    } else {
      self.cause = cause
    }
    guard self.record == nil else { return }
    self.offset = offset
    self.record = shown()
  }
}

/// A record of a chunk that may have failed.
@usableFromInline struct FailedRecord {
  /// Where in the chunk it begins, in bytes; of values, which one it is.
  @usableFromInline let offset: Int?
  @usableFromInline let bytes: Bytes

  @inlinable init(offset: Int?, _ bytes: Bytes) {
    self.offset = offset
    self.bytes = bytes
  }
}

/// A record has failed: it is given to whoever takes it, or is the job's failure.
@usableFromInline func failed(
  _ error: any Error, _ record: FailedRecord, _ catchers: Catchers?
) throws {
  let failure = RecordFailure(error, offset: record.offset, record: record.bytes)
  guard let catchers else { throw failure }
  try catchers.take(failure, record)
}
