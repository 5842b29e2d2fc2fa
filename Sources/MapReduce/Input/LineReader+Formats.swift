// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

extension LineReader {
  /// Hands a range to `body`, chunk by chunk, as its format wants it; stops early where `body`
  /// returns false.
  func read(
    _ range: FileRange, _ format: FileFormat, _ body: (Chunk.Content, ChunkPlace) throws -> Bool
  ) throws {
    let head: TableHead? =
      if case .csv(let csv) = format { try head(of: range.file, csv) } else { nil }
    func each(_ bytes: Bytes, _ place: ChunkPlace) throws -> Bool {
      let (chunk, begin) = format.chunk(of: bytes, at: place, head)
      return try body(chunk, begin)
    }
    switch format.cutting {
    case .anywhere: try read(range, each)
    case .every(let width): try readWhole(range, { $0.count / width * width }, each)
    case .betweenRows: try readWhole(range, { $0.endOfRows(hasQuotedLineEnds: true) }, each)
    }
  }

  /// Reads a range that begins and ends between records. `whole` tells how many of some bytes,
  /// which begin with a record, are whole records.
  private func readWhole(
    _ range: FileRange, _ whole: (Bytes) -> Int, _ body: (Bytes, ChunkPlace) throws -> Bool
  ) throws {
    let descriptor = try open(range.file)
    var offset = range.range.lowerBound
    var isAtEnd = false
    buffer.removeAll()
    while offset < range.range.upperBound, !isAtEnd {
      isAtEnd = try fill(
        descriptor, at: offset + buffer.count, range.file, maximum: Self.rowMaximum)
      let rest = range.range.upperBound - offset
      let isLast = buffer.count >= rest || isAtEnd
      let end = isLast ? min(buffer.count, rest) : whole(buffer.bytes)
      let place = ChunkPlace(path: range.file.path, offset: offset)
      guard end > 0 else {
        if buffer.count > Limits.rowBytes { throw tooLong(place) }
        continue
      }
      guard try body(buffer.bytes[0..<end], place) else { return }
      offset += end
      buffer.keepTail(from: end)
    }
  }

  /// A byte more than a row may have: who holds it knows that it is too long.
  private static let rowMaximum = Limits.rowBytes + 1

  private func tooLong(_ place: ChunkPlace) -> JobError {
    let error = JobError(
      .badInput, "a row is longer than \(Limits.rowBytes >> 20) MiB",
      advice: "is a quote in it never closed? Where no field holds a line end, say so with "
        + "quotedNewlines: false")
    return RecordFailure(error, offset: 0, record: buffer.bytes).jobError(place)
  }

  /// What the first row of a file says; kept for its other ranges.
  private func head(of file: InputFile, _ format: CSVFormat) throws -> TableHead {
    if let head, head.path == file.path, head.format == format { return head }
    let descriptor = try open(file)
    buffer.removeAll()
    while true {
      let isAtEnd = try fill(descriptor, at: buffer.count, file, maximum: Self.rowMaximum)
      let isWhole = isAtEnd || buffer.count >= file.size
      if let found = try TableHead(path: file.path, format, buffer.bytes, isWhole: isWhole) {
        head = found
        return found
      }
      if buffer.count > Limits.rowBytes { throw tooLong(ChunkPlace(path: file.path, offset: 0)) }
    }
  }
}

extension FileFormat {
  /// Whole records as a chunk, and where it begins: what stands before the first row is no data.
  func chunk(of bytes: Bytes, at place: ChunkPlace, _ head: TableHead?) -> (
    Chunk.Content, ChunkPlace
  ) {
    switch self {
    case .lines, .jsonl: return (.lines(bytes), place)
    case .records(let width):
      let begin = ChunkPlace(path: place.path, offset: place.offset, recordBytes: width)
      return (.packed(bytes, width: width), begin)
    case .csv:
      guard let head else { preconditionFailure("rows have a head") }
      let skipped = place.offset == 0 ? min(head.dataStart, bytes.count) : 0
      let begin = ChunkPlace(path: place.path, offset: place.offset + skipped)
      return (.rows(bytes[skipped..<bytes.count], head), begin)
    }
  }
}
