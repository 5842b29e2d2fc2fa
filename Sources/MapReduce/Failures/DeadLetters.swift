// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Vocabulary

/// The stage that makes a result of records that fail.
///
/// Its records on the way are notes: where a part of a file begins, a record that failed so many
/// lines behind it, how many lines the part has. They come together in the order of the input, so
/// that whoever folds them can count a file's lines from its beginning, and nothing is read twice.
package struct DeadLetters: Sendable {
  let name: String
  let limit: Int
  let location: CodeLocation

  init(_ name: String, _ limit: Int, _ location: CodeLocation) {
    self.name = name
    self.limit = limit
    self.location = location
  }

  /// The place, and what was thrown with the record's bytes.
  package static var schema: ResultSchema {
    ResultSchema(key: .string, value: .tuple([.string, .bytes]), shape: .pairs, order: .input)
  }

  func kernel(
    _ feed: @escaping @Sendable (Chunk, FailureTaker) throws -> Int
  ) -> StageKernel {
    StageKernel(
      .single,
      makeMapper: { context in
        let notes = LetterNotes(self, context.writer)
        return Mapper(
          map: { chunk in
            notes.begin(chunk)
            return try feed(chunk) { try notes.add($0, $1, in: chunk) }
          }, finishSplit: { notes.finishSplit() })
      },
      makeFolder: { context in
        let fold = LetterFold(self, context.pool)
        return Folder(fold: { try fold.fold($0) }, finish: { fold.finish() })
      })
  }

  /// There are more than are allowed.
  func tooMany(_ shown: String) -> JobError {
    JobError(
      .badInput,
      "more than \(limit.grouped) \(limit == 1 ? "record" : "records") failed, and \(name) takes "
        + "no more",
      location: "\(location)", record: shown,
      advice: "mend the input, or allow more dead letters")
  }
}

/// What stands in front of a note.
private enum NoteKind {
  static let part: UInt8 = 0
  static let letter: UInt8 = 1
  static let letterOfNoFile: UInt8 = 2
  static let end: UInt8 = 3
}

/// Writes the notes of one split after the other.
private final class LetterNotes {
  private let letters: DeadLetters
  private let writer: PartitionWriter
  private var note = ByteBuffer(capacity: 256)
  /// The part of a file that is being read.
  private var path: String?
  /// Lines, or records of a fixed size, of the part before this chunk, and with it.
  private var before = 0
  private var behind = 0
  private var count = 0

  init(_ letters: DeadLetters, _ writer: PartitionWriter) {
    self.letters = letters
    self.writer = writer
  }

  func begin(_ chunk: Chunk) {
    guard let place = chunk.place else { return endPart() }
    if path != place.path || chunk.isBeginning {
      endPart()
      path = place.path
      before = chunk.isBeginning ? chunk.linesBefore : 0
      behind = before
      write { note in
        note.append(NoteKind.part)
        note.append(counted: place.path)
        note.append((chunk.isBeginning ? 1 : 0) as UInt8)
        note.append((place.recordBytes == nil ? 0 : 1) as UInt8)
      }
    }
    before = behind
    behind += chunk.lines(to: chunk.window.count)
  }

  func add(_ failure: RecordFailure, _ record: FailedRecord, in chunk: Chunk) throws {
    count += 1
    let error = failure.jobError(nil)
    guard count <= letters.limit else { throw letters.tooMany("\"\(record.bytes.shown)\"") }
    let what = error.message + (error.location.map { " (\($0))" } ?? "")
    let bytes = record.bytes[0..<min(record.bytes.count, Limits.deadLetterBytes)]
    let isInFile = chunk.place != nil
    let passed = record.offset.map { isInFile ? before + chunk.lines(to: $0) : $0 }
    write { note in
      note.append(isInFile ? NoteKind.letter : NoteKind.letterOfNoFile)
      note.append(optional: passed) { $0.appendVarint(UInt64($1)) }
      note.append(counted: what)
      note.appendVarint(UInt64(bytes.count))
      note.append(bytes)
    }
  }

  func finishSplit() {
    endPart()
    count = 0
  }

  private func endPart() {
    guard path != nil else { return }
    path = nil
    write { note in
      note.append(NoteKind.end)
      note.appendVarint(UInt64(behind))
    }
    before = 0
    behind = 0
  }

  private func write(_ body: (inout ByteBuffer) -> Void) {
    note.removeAll()
    body(&note)
    writer.append(key: Bytes(""), value: note.bytes, partition: 0)
  }
}

extension Chunk {
  /// Whether a file begins with it.
  fileprivate var isBeginning: Bool {
    guard let place, place.frame == 0 else { return false }
    if case .rows(_, let head) = content { return place.offset <= head.dataStart }
    return place.offset == 0
  }

  /// Lines of the file before it, where it is the file's first chunk.
  fileprivate var linesBefore: Int {
    if case .rows(_, let head) = content { head.lineEnds } else { 0 }
  }

  /// Lines, or records of a fixed size, that end before an offset.
  fileprivate func lines(to offset: Int) -> Int {
    if case .packed(_, let width) = content { return offset / width }
    var lines = 0
    for byte in window[0..<offset] where byte == 0x0A { lines &+= 1 }
    return lines
  }
}

/// Makes letters of the notes of all splits.
private final class LetterFold {
  private let letters: DeadLetters
  private let writer: PartitionWriter
  private var value = ByteBuffer(capacity: 256)
  private var path: String?
  private var hasLines = true
  /// Lines of the file before the part.
  private var before = 0
  /// Lines of the file that are known.
  private var known = 0
  private var count = 0

  init(_ letters: DeadLetters, _ pool: BlockPool) {
    self.letters = letters
    writer = PartitionWriter(partitions: 1, pool: pool)
  }

  func fold(_ block: Block) throws {
    var cursor = FrameCursor(block)
    while let frame = cursor.next() {
      var reader = ByteReader(frame.value)
      switch try reader.byte() {
      case NoteKind.part:
        let next = try reader.text()
        let isBeginning = try reader.byte() == 1
        hasLines = try reader.byte() == 0
        before = isBeginning || next != path ? 0 : known
        path = next
      case NoteKind.end: known = before + (try reader.number())
      case let kind where kind == NoteKind.letter || kind == NoteKind.letterOfNoFile:
        let passed = try reader.optional { reader throws(ByteReader.Damaged) in
          try reader.number()
        }
        let place = kind == NoteKind.letter ? place(passed) : passed.map { "value \($0 + 1)" }
        try write(place ?? "", try reader.text(), try reader.take(try reader.length()))
      default: throw ByteReader.Damaged()
      }
    }
  }

  private func place(_ passed: Int?) -> String? {
    guard let passed, let path else { return nil }
    let number = before + passed + 1
    return hasLines ? "\(path):\(number)" : "\(path), record \(number)"
  }

  private func write(_ place: String, _ what: String, _ record: Bytes) throws {
    count += 1
    guard count <= letters.limit else {
      throw letters.tooMany((place.isEmpty ? "" : place + "  ") + "\"\(record.shown)\"")
    }
    value.removeAll()
    value.append(counted: what)
    value.appendVarint(UInt64(record.count))
    value.append(record)
    Array(place.utf8).withBytes { writer.append(key: $0, value: value.bytes, partition: 0) }
  }

  func finish() -> Run { Run(sequential: writer.takeBlocks()[0]) }
}
