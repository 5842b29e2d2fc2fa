// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Glibc
import Memory
import Synchronization
import Vocabulary

/// How results are saved.
package enum SaveFormat: Sendable, Hashable {
  /// Result files, which `get` reads by key, by prefix or whole.
  case runs
  /// Text for other programs.
  case text(RecordFormat)

  /// The name on the command line.
  package var name: String {
    switch self {
    case .runs: "runs"
    case .text(let format): format.rawValue
    }
  }
}

/// Saves the results of a job: all of them appear by one rename, or none.
package struct ResultWriter: Sendable {
  private let directory: StagedDirectory
  private let format: SaveFormat
  private let threads: Int
  private let cancellation: Cancellation

  /// Checks the place before the job runs.
  package init(
    to path: String, format: SaveFormat, threads: Int, cancellation: Cancellation
  ) throws {
    directory = try StagedDirectory(path)
    self.format = format
    self.threads = threads
    self.cancellation = cancellation
  }

  /// Where the results will appear.
  package var path: String { directory.path }

  /// Writes all results. Whatever goes wrong: nothing stays behind.
  package func write(_ result: JobResult, job: String) throws {
    do {
      let staged = try directory.begin()
      for output in result.outputs {
        try write(output, job: job, in: "\(staged)/\(output.name)")
      }
      if cancellation.isCancelled { throw InlineRunner.interrupted }
      try directory.commit()
    } catch {
      directory.abandon()
      throw error
    }
  }

  private func write(_ result: StageResult, job: String, in path: String) throws {
    guard unsafe mkdir(path, 0o755) == 0 else { throw OutputFile.cannotWrite(path, errno) }
    var digest: UInt64?
    switch format {
    case .runs: digest = try writeRuns(result, "\(path)/part-00000.run")
    case .text(let format):
      try writeText(result, format, "\(path)/part-00000.\(format.fileExtension)")
    }
    var fields: [(String, JSON)] = [
      ("result", .text(result.name)), ("job", .text(job)), ("format", .text(format.name)),
      ("records", .integer(result.records)), ("key", .text("\(result.schema.key)")),
      ("value", .text("\(result.schema.value)")),
      ("order", .text(result.schema.order.rawValue)),
    ]
    if let digest { fields.append(("digest", .text(hexadecimal(digest)))) }
    let manifest = try OutputFile("\(path)/_result.json")
    try Array((JSON.object(fields).line + "\n").utf8).withBytes { try manifest.write($0) }
    try manifest.finish()
    try StagedDirectory.sync(path)
  }

  private func writeText(_ result: StageResult, _ format: RecordFormat, _ path: String) throws {
    let file = try OutputFile(path)
    let chunks = ResultChunks(result)
    let formatter = RecordFormatter(format, result.schema)
    try Array(formatter.header.utf8).withBytes { try file.write($0) }
    try OrderedOutput(
      count: chunks.chunks.count, threads: threads, cancellation: cancellation,
      make: { index, buffer in
        try chunks.forEach(chunks.chunks[index]) { frame in
          try formatter.append(key: frame.key, value: frame.value, to: &buffer)
          return true
        }
      },
      write: { _, bytes in try file.write(bytes) }
    ).run(threads: threads)
    try file.finish()
  }

  /// Writes one result file; returns its digest.
  private func writeRuns(_ result: StageResult, _ path: String) throws -> UInt64 {
    let file = try OutputFile(path)
    var header = ByteBuffer(capacity: 256)
    RunFile.encodeHeader(name: result.name, result.schema, to: &header)
    try file.write(header.bytes)
    let chunks = ResultChunks(result)
    let index = Mutex(RunIndex())
    try OrderedOutput(
      count: chunks.chunks.count, threads: threads, cancellation: cancellation,
      make: { number, buffer in
        try Self.encode(chunks, number, to: &buffer)
      },
      write: { _, bytes in
        try index.withLock { try $0.append(bytes, to: file) }
      }
    ).run(threads: threads)
    return try index.withLock { index in
      // The header, again, for the checksum over both ends of the file.
      var header = ByteBuffer(capacity: 256)
      RunFile.encodeHeader(name: result.name, result.schema, to: &header)
      var end = ByteBuffer(capacity: 4096)
      let digest = index.digest.value
      RunFile.encodeEnd(
        index.entries, at: file.offset, records: result.records, digest: digest,
        header: header.bytes, to: &end)
      try file.write(end.bytes)
      try file.finish()
      return digest
    }
  }

  /// A chunk on its way to the file: varint length of the raw frames, the frames (for the digest),
  /// then the stored block.
  private static func encode(
    _ chunks: ResultChunks, _ number: Int, to buffer: inout ByteBuffer
  ) throws {
    var frames = ByteBuffer(capacity: Limits.outputChunkBytes)
    var records = 0
    try chunks.forEach(chunks.chunks[number]) { frame in
      frames.appendFrame(key: frame.key, value: frame.value)
      records += 1
      return true
    }
    buffer.appendVarint(UInt64(frames.count))
    buffer.append(frames.bytes)
    RunFile.encodeBlock(frames.bytes, records: records, to: &buffer)
  }

  private struct RunIndex {
    var entries: [RunFile.IndexEntry] = []
    var digest = Checksum()

    mutating func append(_ bytes: Bytes, to file: OutputFile) throws {
      var reader = ByteReader(bytes)
      let frames = try reader.take(try reader.length())
      let block = try reader.take(reader.remaining)
      digest.update(frames)
      var first = ByteReader(frames)
      entries.append(
        RunFile.IndexEntry(
          at: file.offset, records: try RunFile.blockHeader(block).records,
          firstKey: Array(try first.frame().key)))
      try file.write(block)
    }
  }
}

/// Sixteen hexadecimal digits.
package func hexadecimal(_ number: UInt64) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
