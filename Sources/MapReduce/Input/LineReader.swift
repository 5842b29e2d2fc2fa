// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

/// Where a chunk begins, so that an error can name its line.
struct ChunkPlace {
  let path: String
  let offset: Int
  /// Bytes of a record, where records are no lines.
  var recordBytes: Int?
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
    let descriptor = try open(range.file)
    // The byte before the range tells whether its first line begins in it.
    var offset = max(0, range.range.lowerBound - 1)
    var isSkipping = range.range.lowerBound > 0
    buffer.removeAll()
    var isAtEnd = false
    while true {
      let place = ChunkPlace(path: range.file.path, offset: offset)
      if isSkipping {
        if let lineEnd = buffer.bytes.firstIndex(of: 0x0A) {
          isSkipping = false
          offset += lineEnd + 1
          buffer.keepTail(from: lineEnd + 1)
          continue
        }
        offset += buffer.count
        buffer.removeAll()
      } else if let end = endOfLines(offset, range.range.upperBound, isAtEnd) {
        let isLast = offset + end >= range.range.upperBound || isAtEnd
        if end > 0, try !body(buffer.bytes[0..<end], place) { return }
        if isLast { return }
        offset += end
        buffer.keepTail(from: end)
      }
      if offset >= range.range.upperBound { return }
      if isAtEnd { return }
      isAtEnd = try fill(descriptor, at: offset + buffer.count, range.file)
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
    // A line that fills the buffer doubles it: O(1) copies for each byte.
    let room = min(max(Limits.readBytes, buffer.count), maximum - buffer.count)
    guard room > 0 else {
      throw JobError(
        .badInput, "a line of \(file.path) near byte \(offset) is longer than 4 GiB",
        advice: "is this a text file?")
    }
    var failure: Int32 = 0
    var count = 0
    unsafe buffer.appendRaw(room: room) { target in
      repeat {
        count = unsafe pread(descriptor, target, room, off_t(offset))
      } while count < 0 && errno == EINTR
      if count < 0 { failure = errno }
      return max(count, 0)
    }
    if failure != 0 { throw InputFiles.cannotRead(file.path, failure) }
    if count == 0, offset < file.size {
      throw JobError(
        .badInput,
        "\(file.path) became shorter while it was read: \(offset) bytes of \(file.size) are left",
        advice: "run the job again when nothing writes to its input")
    }
    return count == 0
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

  /// The number, from 1, of the line that begins at byte `offset`; nil where it cannot be told.
  static func lineNumber(_ path: String, at offset: Int) -> Int? {
    // A pipe of this name must not be waited for: its bytes are gone.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    var block = ByteBuffer(capacity: Limits.readBytes)
    var position = 0
    var lines = 1
    while position < offset {
      block.removeAll()
      let wanted = min(Limits.readBytes, offset - position)
      unsafe block.appendRaw(room: wanted) { target in
        max(0, unsafe pread(descriptor, target, wanted, off_t(position)))
      }
      if block.count == 0 { return nil }
      for byte in block.bytes where byte == 0x0A { lines += 1 }
      position += block.count
    }
    return lines
  }
}
