// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Maps splits on one thread: reads them chunk by chunk and hands the chunks to the typed loop.
final class SplitMapper {
  /// Where the records go.
  let writer: PartitionWriter
  private let mapper: Mapper
  private let reader: LineReader
  private let broadcasts: BroadcastValues
  /// By branch.
  private let formats: [FileFormat]

  /// `isStrict`: a file that has another size than its description says is an error.
  init(
    _ stage: StageSpec, writer: PartitionWriter, splitters: Splitters?, tableSeed: UInt64,
    broadcasts: BroadcastValues, isStrict: Bool = false
  ) {
    self.writer = writer
    self.broadcasts = broadcasts
    reader = LineReader(isStrict: isStrict)
    formats = stage.branches.map(\.input.format)
    mapper = stage.kernel.makeMapper(
      MapContext(writer: writer, tableSeed: tableSeed, splitters: splitters))
  }

  /// Maps a split. `begin` is told of each chunk, `end` what it came to: records, and bytes of
  /// lines; mapping stops early where that is false.
  func map(
    _ split: BranchSplit, begin: (ChunkPlace?) -> Void = { _ in },
    end: (_ records: Int, _ bytes: Int) throws -> Bool
  ) throws {
    try forEachChunk(split, formats[split.branch], reader, broadcasts) { chunk, place in
      begin(place)
      let records = try locating(place) { try mapper.map(chunk) }
      return try end(records, chunk.window.count)
    }
    try locating(nil) { try mapper.finishSplit() }
  }

  /// Collects sort keys from the beginning of a split.
  static func sample(
    _ split: BranchSplit, _ stage: StageSpec, _ broadcasts: BroadcastValues,
    _ samples: inout [[UInt8]], isStrict: Bool = false
  ) throws {
    guard let sample = stage.kernel.sample else { return }
    let context = MapContext(
      writer: PartitionWriter(partitions: 1, pool: BlockPool()), tableSeed: 0, splitters: nil)
    var found: [[UInt8]] = []
    let reader = LineReader(isStrict: isStrict)
    let format = stage.branches[split.branch].input.format
    try forEachChunk(split, format, reader, broadcasts) { chunk, place in
      try locating(place) { try sample(Self.head(of: chunk), context, &found) }
      return found.isEmpty
    }
    samples += found
  }

  /// The first lines or records of a chunk: enough for a sample.
  private static func head(of chunk: Chunk) -> Chunk {
    let content: Chunk.Content
    switch chunk.content {
    case .lines(let bytes):
      guard bytes.count > Limits.sampleBytes else { return chunk }
      let end = bytes.firstIndex(of: 0x0A, from: Limits.sampleBytes) ?? bytes.count - 1
      content = .lines(bytes[0...end])
    case .values(let range): content = .values(range.prefix(Limits.sampleRecords))
    case .records(let slice):
      content = .records(
        RunSlice(run: slice.run, range: slice.range.prefix(Limits.sampleRecords)))
    case .rows(let bytes, let head): content = .rows(head.firstRows(of: bytes), head)
    case .packed(let bytes, let width):
      let records = max(1, Limits.sampleBytes / width)
      content = .packed(bytes[0..<min(bytes.count, records * width)], width: width)
    }
    return Chunk(
      content, branch: chunk.branch, broadcasts: chunk.broadcasts, place: chunk.place)
  }
}

/// Hands the chunks of a split to `body` until it returns false.
private func forEachChunk(
  _ split: BranchSplit, _ format: FileFormat, _ reader: LineReader,
  _ broadcasts: BroadcastValues,
  _ body: (Chunk, ChunkPlace?) throws -> Bool
) throws {
  func hand(_ content: Chunk.Content, _ place: ChunkPlace?) throws -> Bool {
    try body(
      Chunk(content, branch: split.branch, broadcasts: broadcasts, place: place), place)
  }
  switch split.split {
  case .files(let ranges):
    var isWanted = true
    for range in ranges where isWanted {
      try reader.read(range, format) { content, place in
        isWanted = try hand(content, place)
        return isWanted
      }
    }
  case .lines(let piece):
    let place = ChunkPlace(path: piece.path, offset: piece.offset)
    let (content, begin) = format.chunk(of: piece.bytes, at: place, piece.head)
    _ = try hand(content, begin)
  case .values(let range): _ = try hand(.values(range), nil)
  case .records(let slice): _ = try hand(.records(slice), nil)
  }
}

/// Turns what a closure threw into the job's error, with operator, file, line and record.
func locating<R>(_ place: ChunkPlace?, _ body: () throws -> R) throws -> R {
  do {
    return try body()
  } catch let failure as RecordFailure {
    throw failure.jobError(place)
  } catch is ByteReader.Damaged {
    throw RecordFailure.damagedRecord
  }
}

extension RecordFailure {
  static var damagedRecord: JobError {
    JobError(
      .internalFault, "a record cannot be read back",
      advice: "check that encode and init(from:) of its type agree")
  }

  /// The job's error: what was thrown, where, and at which record.
  func jobError(_ place: ChunkPlace?) -> JobError {
    var error =
      (cause as? JobError)
      ?? JobError(.failed, "a closure threw \(String(reflecting: cause))")
    if cause is ByteReader.Damaged { error = Self.damagedRecord }
    if error.location == nil { error.location = location.map(\.description) }
    if error.record == nil, let record {
      var shown = "\"\(record)\""
      if let place, let offset { shown = Self.line(place, offset) + "  " + shown }
      error.record = shown
    }
    return error
  }

  private static func line(_ place: ChunkPlace, _ offset: Int) -> String {
    if let bytes = place.recordBytes {
      return "\(place.path), record \((place.offset + offset) / bytes + 1)"
    }
    if let number = LineReader.lineNumber(place, offset) {
      return "\(place.path):\(number)"
    }
    return "\(place.path), byte \(place.offset + offset)"
  }
}
