// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

/// Whole records out of a stream, kept in memory until they are mapped.
final class StreamPiece: @unchecked Sendable {
  // Sendable because a piece is never written again once it is handed over.
  private let buffer: ByteBuffer
  let path: String
  let offset: Int
  /// What the stream's first row says, where it has rows.
  let head: TableHead?

  init(_ buffer: consuming ByteBuffer, path: String, offset: Int, head: TableHead?) {
    self.buffer = buffer
    self.path = path
    self.offset = offset
    self.head = head
  }

  var bytes: Bytes { buffer.bytes }
  var count: Int { buffer.count }
}

/// Cuts standard input, a pipe or a device into pieces of whole records.
///
/// Pieces are the splits that a file with these bytes would be cut into: they depend on the bytes
/// alone, not on how they arrive.
final class StreamReader {
  private let path: String
  private let descriptor: Int32
  private var rest = ByteBuffer(capacity: Limits.readBytes)
  private var offset = 0
  private var isAtEnd = false
  private let format: FileFormat
  private var cuts: StreamCuts
  private var head: TableHead?

  init(_ path: String, _ format: FileFormat) throws {
    self.path = path
    self.format = format
    cuts = StreamCuts(format.cutting)
    descriptor = unsafe path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw InputFiles.cannotRead(path, errno) }
  }

  deinit { if path != "-" { close(descriptor) } }

  /// The next piece; nil at the end of the stream.
  func next(isCancelled: () -> Bool) throws -> StreamPiece? {
    while true {
      if let end = cuts.end(of: rest.bytes, at: offset) { return try cut(end) }
      if isAtEnd { return rest.count > 0 ? try cut(rest.count) : nil }
      if isCancelled() { return nil }
      try fill()
    }
  }

  private func cut(_ end: Int) throws -> StreamPiece {
    let name = path == "-" ? "standard input" : path
    if case .records(let bytes) = format, end % bytes != 0 {
      throw InputFiles.isNoMultiple(name, size: offset + end, of: bytes)
    }
    var piece = ByteBuffer(capacity: end)
    piece.append(rest.bytes[0..<end])
    rest.keepTail(from: end)
    defer { offset += end }
    if case .csv(let csv) = format, head == nil {
      // The first piece holds the first row.
      head = try TableHead(path: name, csv, piece.bytes, isWhole: true)
    }
    return StreamPiece(piece, path: name, offset: offset, head: head)
  }

  private func fill() throws {
    guard rest.count <= Limits.recordBytes else {
      throw JobError(.badInput, "a line of \(path) near byte \(offset) is longer than 4 GiB")
    }
    // Waits with a limit, so that the caller can look whether the job was cancelled.
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    if unsafe poll(&wanted, 1, 200) <= 0 { return }
    var failure: Int32 = 0
    var count = 0
    unsafe rest.appendRaw(room: Limits.readBytes) { target in
      count = unsafe read(descriptor, target, Limits.readBytes)
      if count < 0 { failure = errno }
      return max(count, 0)
    }
    if failure == EINTR || failure == EAGAIN { return }
    if failure != 0 { throw InputFiles.cannotRead(path, failure) }
    isAtEnd = count == 0
  }
}

/// Keeps what was read from streams while later stages will read the same: a stream can be read
/// once, and a plan may read it twice.
final class StreamKeeper: @unchecked Sendable {
  // Sendable because stages run one after the other, and one thread of a stage reads at a time.
  private var kept: [String: [StreamPiece]] = [:]
  private var finished: Set<String> = []

  func keep(_ piece: StreamPiece, of path: String) { kept[path, default: []].append(piece) }

  func finish(_ path: String) { finished.insert(path) }

  /// All pieces of a stream that was read to its end; nil where it was not.
  func pieces(of path: String) -> [StreamPiece]? {
    finished.contains(path) ? kept[path, default: []] : nil
  }
}
