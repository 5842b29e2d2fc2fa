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
  var scanner = LineScanner(bytes)
  var lines = 0
  while scanner.findNext() {
    // As it stands in the file, with the CR of its end.
    var record: FailedRecord {
      let end = scanner.next > scanner.end ? scanner.next &- 1 : scanner.end
      return FailedRecord(offset: scanner.start, bytes[scanner.start..<end])
    }
    LineNote.begin(scanner.start)
    do {
      try body(scanner.line, scanner.start)
    } catch {
      try failed(error, record, catchers)
    }
    if let catchers { try catchers.endRecord(record) }
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
