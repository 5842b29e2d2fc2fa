// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory

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
  /// Where it begins, if that can be told.
  @usableFromInline let place: ChunkPlace?
  /// Who takes records that fail; nil where a failure ends the job.
  @usableFromInline var catchers: Catchers?

  @usableFromInline init(
    _ content: Content, branch: Int, broadcasts: BroadcastValues, place: ChunkPlace? = nil,
    catchers: Catchers? = nil
  ) {
    self.content = content
    self.branch = branch
    self.broadcasts = broadcasts
    self.place = place
    self.catchers = catchers
  }

  /// The same for whom branches are counted from `first` on.
  @usableFromInline func counted(from first: Int) -> Chunk {
    Chunk(
      content, branch: branch - first, broadcasts: broadcasts, place: place, catchers: catchers)
  }

  /// The bytes whose views stay valid for as long as the chunk is worked on.
  @inlinable var window: Bytes {
    switch content {
    case .lines(let bytes), .rows(let bytes, _), .packed(let bytes, _): bytes
    case .values, .records: Bytes("")
    }
  }
}

/// Calls `body` for every line, without its end (LF or CR LF), and with where it begins; returns
/// how many there were.
@inlinable @inline(__always)
func forEachLine(_ chunk: Chunk, _ body: (Bytes, _ start: Int) throws -> Void) throws -> Int {
  guard case .lines(let bytes) = chunk.content else { preconditionFailure("lines are read") }
  let catchers = chunk.catchers
  var start = 0
  var lines = 0
  while start < bytes.count {
    let lineFeed = bytes.firstIndex(of: 0x0A, from: start)
    let end = lineFeed ?? bytes.count
    let hasReturn = lineFeed != nil && end > start && bytes[end &- 1] == 0x0D
    LineNote.begin(start)
    do {
      try body(bytes[start..<(hasReturn ? end &- 1 : end)], start)
    } catch {
      try failed(error, FailedRecord(offset: start, bytes[start..<end]), catchers)
    }
    if let catchers { try catchers.endRecord(FailedRecord(offset: start, bytes[start..<end])) }
    start = end &+ 1
    lines &+= 1
  }
  return lines
}

/// Calls `body` for every line, or record of a fixed size, and with where it begins; returns how
/// many there were.
@inlinable @inline(__always)
func forEachPlain(_ chunk: Chunk, _ body: (Bytes, _ start: Int) throws -> Void) throws -> Int {
  switch chunk.content {
  case .lines: try forEachLine(chunk, body)
  case .packed: try forEachPacked(chunk, body)
  default: preconditionFailure("lines or records of a fixed size are read")
  }
}
