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
