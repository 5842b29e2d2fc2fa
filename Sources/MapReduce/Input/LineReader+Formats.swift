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
    case .every(let width):
      try readWhole(range, { $0.count / width * width }) { bytes, place in
        // Of compressed text this shows at its end.
        guard bytes.count % width == 0 else {
          let size = place.offset + bytes.count
          throw InputFiles.isNoMultiple(range.file.path, size: size, of: width)
        }
        return try each(bytes, place)
      }
    case .betweenRows: try readWhole(range, { $0.endOfRows(hasQuotedLineEnds: true) }, each)
    }
  }

  /// Reads a range that begins and ends between records. `whole` tells how many of some bytes,
  /// which begin with a record, are whole records.
  private func readWhole(
    _ range: FileRange, _ whole: (Bytes) -> Int, _ body: (Bytes, ChunkPlace) throws -> Bool
  ) throws {
    let fill = try filling(range.file, from: range.range.lowerBound)
    // Of compressed text nobody knows where it ends before it is read.
    let upper = range.file.compression == nil ? range.range.upperBound : .max
    var offset = range.range.lowerBound
    var isAtEnd = false
    buffer.removeAll()
    while offset < upper, !isAtEnd {
      isAtEnd = try fill(offset + buffer.count)
      let rest = upper - offset
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

  /// What adds the text of a file to the buffer, from a place on that follows on the last one; true
  /// at the end of the text.
  private func filling(
    _ file: InputFile, from start: Int
  ) throws -> (_ offset: Int) throws -> Bool {
    let descriptor = try open(file)
    guard let compression = file.compression else {
      return { try self.fill(descriptor, at: $0, file, maximum: Self.rowMaximum) }
    }
    let frames = try FrameReader(
      file, descriptor, compression, from: start, border: file.size)
    return { offset in
      let room = try self.room(file, at: offset, maximum: Self.rowMaximum)
      return try frames.fill(&self.buffer, room: room)
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
    let fill = try filling(file, from: 0)
    buffer.removeAll()
    while true {
      let isAtEnd = try fill(buffer.count)
      let isWhole = isAtEnd || (file.compression == nil && buffer.count >= file.size)
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
      let begin = ChunkPlace(
        path: place.path, offset: place.offset, recordBytes: width, frame: place.frame)
      return (.packed(bytes, width: width), begin)
    case .csv:
      guard let head else { preconditionFailure("rows have a head") }
      let isFirst = place.offset == 0 && place.frame == 0
      let skipped = isFirst ? min(head.dataStart, bytes.count) : 0
      let begin = ChunkPlace(
        path: place.path, offset: place.offset + skipped, frame: place.frame)
      return (.rows(bytes[skipped..<bytes.count], head), begin)
    }
  }
}
