// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

/// Where a chunk begins, so that an error can name its line.
@usableFromInline struct ChunkPlace {
  let path: String
  /// Bytes of text before it: from the beginning of the file, or of the frame below.
  let offset: Int
  /// Bytes of a record, where records are no lines.
  var recordBytes: Int?
  /// Where in a compressed file the frame begins from which the text is counted.
  var frame = 0
}

/// Reads the lines of file ranges through one buffer, a chunk of whole lines at a time.
///
/// The file is read, not mapped: memory stays the same whatever the input's size, and a file that
/// shrinks is an error instead of a fault. A line belongs to the range where it begins, so a range
/// first skips to the first line that begins in it and reads on to the end of its last line.
final class LineReader {
  var buffer = ByteBuffer(capacity: Limits.readBytes)
  private var file: (path: String, descriptor: Int32)?
  /// Whether a file must have the size that its description says.
  private let isStrict: Bool
  /// Of the last file of rows.
  var head: TableHead?

  init(isStrict: Bool = false) { self.isStrict = isStrict }

  deinit { closeFile() }

  private func closeFile() {
    if let file { close(file.descriptor) }
    file = nil
  }

  /// Hands the lines of `range` to `body`, in order; stops early where it returns false.
  func read(_ range: FileRange, _ body: (Bytes, ChunkPlace) throws -> Bool) throws {
    if let compression = range.file.compression {
      return try readFrames(range, compression, body)
    }
    let descriptor = try open(range.file)
    // The byte before the range tells whether its first line begins in it.
    try readLines(
      from: max(0, range.range.lowerBound - 1), isFirst: range.range.lowerBound == 0,
      upTo: { range.range.upperBound },
      filling: { try self.fill(descriptor, at: $0, range.file) },
      { try body($0, ChunkPlace(path: range.file.path, offset: $1)) })
  }

  /// Hands lines to `body`, with the place in the text where they begin. The first line is left out
  /// where the text is not the first of its file: whoever reads what is before it has it.
  ///
  /// - Parameters:
  ///   - upTo: Where the text ends: the line with the byte before it is the last one.
  ///   - filling: Adds the text from a place on to the buffer; true at the end of the file.
  func readLines(
    from start: Int, isFirst: Bool, upTo: () -> Int, filling: (Int) throws -> Bool,
    _ body: (Bytes, Int) throws -> Bool
  ) throws {
    var offset = start
    var isSkipping = !isFirst
    var isAtEnd = false
    buffer.removeAll()
    while true {
      if isSkipping {
        if let lineEnd = buffer.bytes.firstIndex(of: 0x0A) {
          isSkipping = false
          offset += lineEnd + 1
          buffer.keepTail(from: lineEnd + 1)
          continue
        }
        offset += buffer.count
        buffer.removeAll()
      } else if let end = endOfLines(offset, upTo(), isAtEnd) {
        let isLast = offset + end >= upTo() || isAtEnd
        if end > 0, try !body(buffer.bytes[0..<end], offset) { return }
        if isLast { return }
        offset += end
        buffer.keepTail(from: end)
      }
      if offset >= upTo() || isAtEnd { return }
      isAtEnd = try filling(offset + buffer.count)
    }
  }

  /// How many bytes at the front of the buffer are whole lines of the range; nil where more must be
  /// read first.
  private func endOfLines(_ offset: Int, _ upper: Int, _ isAtEnd: Bool) -> Int? {
    let bytes = buffer.bytes
    let lastByte = upper - 1 - offset
    if lastByte < 0 { return 0 }
    if lastByte < bytes.count {
      // The line with the range's last byte is its last line.
      if let end = bytes.firstIndex(of: 0x0A, from: lastByte) { return end + 1 }
      return isAtEnd ? bytes.count : nil
    }
    if isAtEnd { return bytes.count }
    return bytes.lastIndex(of: 0x0A).map { $0 + 1 }
  }

  /// Reads behind what is in the buffer, until it holds `maximum` bytes; true at the end of the
  /// file.
  func fill(
    _ descriptor: Int32, at offset: Int, _ file: InputFile, maximum: Int = Limits.recordBytes
  ) throws -> Bool {
    let room = try room(file, at: offset, maximum: maximum)
    let count = try InputFiles.read(descriptor, file, at: offset, atMost: room, &buffer)
    if count == 0, offset < file.size { throw InputFiles.becameShorter(file, offset) }
    return count == 0
  }

  /// How many bytes to read next: a line that fills the buffer doubles it, which copies each byte
  /// O(1) times.
  func room(
    _ file: InputFile, at offset: Int, maximum: Int = Limits.recordBytes
  ) throws -> Int {
    let room = min(max(Limits.readBytes, buffer.count), maximum - buffer.count)
    guard room > 0 else {
      throw JobError(
        .badInput, "a line of \(file.path) near byte \(offset) is longer than 4 GiB",
        advice: "is this a text file?")
    }
    return room
  }

  func open(_ input: InputFile) throws -> Int32 {
    if let file, file.path == input.path { return file.descriptor }
    closeFile()
    let descriptor = unsafe Glibc.open(input.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw InputFiles.cannotRead(input.path, errno) }
    file = (input.path, descriptor)
    if isStrict { try checkSize(descriptor, input) }
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    return descriptor
  }

  private func checkSize(_ descriptor: Int32, _ input: InputFile) throws {
    let size = Segment.byteCount(of: descriptor)
    guard size != input.size else { return }
    throw JobError(
      .badInput,
      "\(input.path) has changed since the job began: it has \(size) bytes here, and had "
        + "\(input.size)",
      advice: "give all nodes the same files, and run the job again when nothing writes to them")
  }
}
