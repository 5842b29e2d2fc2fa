// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

/// A piece of a stage's input, small enough to be worked on at once: the unit at which types end.
@usableFromInline struct Chunk {
  @usableFromInline enum Content {
    /// Whole lines, the last one perhaps without its end.
    case lines(Bytes)
    /// Indices into the values of a `.values` source.
    case values(Range<Int>)
    /// Records of an earlier stage.
    case records(RunSlice)
    /// Whole rows of separated text, and what the file's first row says of them.
    case rows(Bytes, TableHead)
    /// Whole records of so many bytes.
    case packed(Bytes, width: Int)
  }

  /// The branch of the stage, or of a part of it, that it belongs to.
  @usableFromInline let branch: Int
  @usableFromInline let content: Content
  /// What closures are handed beside its elements.
  @usableFromInline let broadcasts: BroadcastValues

  @inlinable init(_ content: Content, branch: Int, broadcasts: BroadcastValues) {
    self.content = content
    self.branch = branch
    self.broadcasts = broadcasts
  }

  /// The same for whom branches are counted from `first` on.
  @inlinable func counted(from first: Int) -> Chunk {
    Chunk(content, branch: branch - first, broadcasts: broadcasts)
  }

  /// The bytes whose views stay valid for as long as the chunk is worked on.
  @inlinable var window: Bytes {
    switch content {
    case .lines(let bytes), .rows(let bytes, _), .packed(let bytes, _): bytes
    case .values, .records: Bytes("")
    }
  }
}

/// Calls `body` for every line, without its end (LF or CR LF); returns how many there were.
@inlinable @inline(__always)
func forEachLine(_ bytes: Bytes, _ body: (Bytes) throws -> Void) throws -> Int {
  var start = 0
  var lines = 0
  while start < bytes.count {
    let lineFeed = bytes.firstIndex(of: 0x0A, from: start)
    let end = lineFeed ?? bytes.count
    let hasReturn = lineFeed != nil && end > start && bytes[end &- 1] == 0x0D
    LineNote.begin(start)
    do {
      try body(bytes[start..<(hasReturn ? end &- 1 : end)])
    } catch {
      throw RecordFailure(error, offset: start, record: bytes[start..<end])
    }
    start = end &+ 1
    lines &+= 1
  }
  return lines
}

/// Calls `body` for every line, or record of a fixed size; returns how many there were.
@inlinable @inline(__always)
func forEachPlain(_ chunk: Chunk, _ body: (Bytes) throws -> Void) throws -> Int {
  switch chunk.content {
  case .lines(let bytes): try forEachLine(bytes, body)
  case .packed(let bytes, let width): try forEachPacked(bytes, width: width, body)
  default: preconditionFailure("lines or records of a fixed size are read")
  }
}

/// An error on its way out of a chunk: it gathers where it happened.
@usableFromInline struct RecordFailure: Error {
  let cause: any Error
  /// The operator whose closure threw.
  var location: CodeLocation?
  /// Where in the chunk the line begins.
  var offset: Int?
  /// The beginning of the record.
  var record: String?

  /// The operator's closure threw `cause`: the innermost operator is the one that stays.
  @usableFromInline init(_ cause: any Error, at location: CodeLocation) {
    if let failure = cause as? RecordFailure {
      self = failure
      self.location = failure.location ?? location
    } else {
      self.cause = cause
      self.location = location
    }
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
