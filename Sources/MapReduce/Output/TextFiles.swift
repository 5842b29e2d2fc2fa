// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// The text files of one result, written one after the other.
final class TextFiles: @unchecked Sendable {
  // Sendable because one thread at a time writes.
  private let directory: String
  private let export: TextExport
  /// What each file begins with: a frame of its own, where files are compressed.
  private let head: [UInt8]

  private(set) var written: [WrittenFile] = []
  private var open: (file: OutputFile, described: WrittenFile)?

  init(in directory: String, _ export: TextExport, header: String) throws {
    self.directory = directory
    self.export = export
    var head = ByteBuffer(capacity: 256)
    if let compression = export.compression {
      // Without a header, too: even a file without records is a frame.
      let header = Array(header.utf8)
      let compressor = try TextPress.compressor(compression)
      try header.withBytes { try TextPress.compress($0, compressor, to: &head) }
    } else {
      head.append(header)
    }
    self.head = Array(head.bytes)
  }

  /// Appends a chunk: to file `index`, where the division says so.
  func append(_ bytes: Bytes, records: Int, file index: Int?) throws {
    if let index {
      while written.count < index { try next() }
    } else if case .bytes(let most) = export.division, let open, open.described.records > 0,
      open.file.offset + bytes.count > most
    {
      try next()
    }
    try begin()
    try open?.file.write(bytes)
    open?.described.records += records
  }

  /// Ends all files: those that got no records, too.
  func finish() throws {
    var wanted = 1
    if case .files(let count) = export.division { wanted = count }
    while written.count < wanted || open != nil { try next() }
  }

  private func begin() throws {
    guard open == nil else { return }
    let name = WrittenFile.name(written.count, export.fileExtension)
    let file = try OutputFile("\(directory)/\(name)")
    try head.withBytes { try file.write($0) }
    open = (file, WrittenFile(name: name))
  }

  /// Ends the file that is open, or makes one without records.
  private func next() throws {
    try begin()
    guard var ended = open else { return }
    open = nil
    ended.described.bytes = ended.file.offset
    try ended.file.finish()
    written.append(ended.described)
  }
}

/// Makes chunks of text, and of them what is written.
final class TextPress: @unchecked Sendable {
  // Sendable because it is handed on under a lock: one thread at a time uses it.
  private let formatter: RecordFormatter
  private let compressor: Compressor?
  private var text = ByteBuffer(capacity: 1 << 18)

  init(_ formatter: RecordFormatter, _ compression: Compression?) throws {
    self.formatter = formatter
    compressor = try compression.map { try Self.compressor($0) }
  }

  /// Appends a varint with how many records there are, and the chunk as it is written: a frame of
  /// its own where it is compressed, so that readers can begin at each.
  func append(
    to target: inout ByteBuffer, _ forEach: ((Frame) throws -> Bool) throws -> Void
  ) throws {
    var records = 0
    text.removeAll()
    try forEach { frame in
      try formatter.append(key: frame.key, value: frame.value, to: &text)
      records += 1
      return true
    }
    target.appendVarint(UInt64(records))
    guard let compressor else { return target.append(text.bytes) }
    try Self.compress(text.bytes, compressor, to: &target)
  }

  static func compressor(_ compression: Compression) throws -> Compressor {
    do { return try Compressor(compression) } catch { throw lacksMemory }
  }

  static func compress(
    _ text: Bytes, _ compressor: Compressor, to target: inout ByteBuffer
  ) throws {
    do { try compressor.append(text, isLast: true, to: &target) } catch { throw lacksMemory }
  }

  private static var lacksMemory: JobError {
    JobError(
      .cannotWrite, "there is no memory to compress with; nothing was left behind",
      advice: "use fewer threads, or leave out --compress")
  }
}
