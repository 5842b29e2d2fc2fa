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
  case text(TextExport)

  /// Text in one file, as it is.
  package static func text(_ format: RecordFormat) -> SaveFormat { .text(TextExport(format)) }

  /// The name on the command line.
  package var name: String {
    switch self {
    case .runs: "runs"
    case .text(let export): export.format.rawValue
    }
  }

  /// How its files are compressed, as a whole.
  var compression: Compression? {
    if case .text(let export) = self { export.compression } else { nil }
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
    if case .text(let export) = format { try export.check(path) }
    directory = try StagedDirectory(path)
    self.format = format
    self.threads = threads
    self.cancellation = cancellation
  }

  /// Where the results will appear.
  package var path: String { directory.path }

  /// Writes all results of a job. Whatever goes wrong: nothing stays behind.
  package func write(_ result: JobResult, job: String) throws {
    try write(result.outputs, job: job)
  }

  /// Writes results, whose job may be unknown. Whatever goes wrong: nothing stays behind.
  package func write(_ results: [StageResult], job: String?) throws {
    do {
      let staged = try directory.begin()
      for output in results {
        try write(output, job: job, in: "\(staged)/\(output.name)")
      }
      if cancellation.isCancelled { throw InlineRunner.interrupted }
      try directory.commit()
    } catch {
      directory.abandon()
      throw error
    }
  }

  private func write(_ result: StageResult, job: String?, in path: String) throws {
    guard unsafe mkdir(path, 0o755) == 0 else { throw OutputFile.cannotWrite(path, errno) }
    var digest: UInt64?
    let files: [WrittenFile]
    switch format {
    case .runs:
      let run = try writeRuns(result, path)
      digest = run.digest
      files = [run.file]
    case .text(let export): files = try writeText(result, export, path)
    }
    let manifest = try OutputFile("\(path)/_result.json")
    let line = describe(result, job: job, digest, files).line
    try Array((line + "\n").utf8).withBytes { try manifest.write($0) }
    try manifest.finish()
    try StagedDirectory.sync(path)
  }

  private func describe(
    _ result: StageResult, job: String?, _ digest: UInt64?, _ files: [WrittenFile]
  ) -> JSON {
    var fields: [(String, JSON)] = [("result", .text(result.name))]
    if let job { fields.append(("job", .text(job))) }
    fields += [
      ("format", .text(format.name)), ("records", .integer(result.records)),
      ("key", .text("\(result.schema.key)")), ("value", .text("\(result.schema.value)")),
      ("order", .text(result.schema.order.rawValue)),
    ]
    if let digest { fields.append(("digest", .text(hexadecimal(digest)))) }
    if let name = format.compression?.rawValue { fields.append(("compression", .text(name))) }
    let described = files.map { file in
      JSON.object([
        ("name", .text(file.name)), ("records", .integer(file.records)),
        ("bytes", .integer(file.bytes)),
      ])
    }
    return .object(fields + [("files", .array(described))])
  }

  private func writeText(
    _ result: StageResult, _ export: TextExport, _ path: String
  ) throws -> [WrittenFile] {
    let formatter = RecordFormatter(export.format, result.schema)
    let files = try TextFiles(in: path, export, header: formatter.header)
    let chunks = ResultChunks(
      result, ofBytes: export.chunkBytes, division: export.division)
    // Those that no thread uses: there are never more than threads.
    let presses = Mutex<[TextPress]>([])
    try OrderedOutput(
      count: chunks.chunks.count, threads: threads, cancellation: cancellation,
      make: { index, buffer in
        let idle = presses.withLock { $0.popLast() }
        let press = try idle ?? TextPress(formatter, export.compression)
        try press.append(to: &buffer) { try chunks.forEach(chunks.chunks[index], $0) }
        presses.withLock { $0.append(press) }
      },
      write: { index, bytes in
        var reader = ByteReader(bytes)
        let records = Int(try reader.varint())
        let chunk = try reader.take(reader.remaining)
        try files.append(chunk, records: records, file: chunks.file(of: index))
      }
    ).run(threads: threads)
    try files.finish()
    return files.written
  }

  /// Writes one result file; returns the digest of its records.
  private func writeRuns(
    _ result: StageResult, _ path: String
  ) throws -> (digest: UInt64, file: WrittenFile) {
    let name = WrittenFile.name(0, "run")
    let file = try OutputFile("\(path)/\(name)")
    var header = ByteBuffer(capacity: 256)
    RunFile.encodeHeader(
      name: result.name, result.schema, spread: result.spread, to: &header)
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
      RunFile.encodeHeader(
        name: result.name, result.schema, spread: result.spread, to: &header)
      var end = ByteBuffer(capacity: 4096)
      let digest = index.digest.value
      RunFile.encodeEnd(
        index.entries, at: file.offset, records: result.records, digest: digest,
        header: header.bytes, to: &end)
      try file.write(end.bytes)
      try file.finish()
      return (digest, WrittenFile(name: name, records: result.records, bytes: file.offset))
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
