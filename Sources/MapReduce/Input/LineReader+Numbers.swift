// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

extension LineReader {
  /// The number, from 1, of the line that begins `offset` bytes behind a chunk's beginning; nil
  /// where it cannot be told. Reads the file anew, up to there: for errors.
  static func lineNumber(_ place: ChunkPlace, _ offset: Int) -> Int? {
    if let compression = Compression(path: place.path) {
      return expandedLineNumber(place, offset, compression)
    }
    return lineNumber(place.path, at: place.offset + offset)
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

  /// The same for the text of a compressed file, which is counted from one of its frames.
  private static func expandedLineNumber(
    _ place: ChunkPlace, _ offset: Int, _ compression: Compression
  ) -> Int? {
    guard let files = try? InputFiles.resolve([place.path]), let file = files.first,
      file.compression == compression
    else { return nil }
    let reader = LineReader()
    guard
      let frames = try? FrameReader(
        file, try reader.open(file), compression, from: 0, border: place.frame)
    else { return nil }
    var text = ByteBuffer(capacity: Limits.readBytes)
    var position = 0
    var lines = 1
    while true {
      text.removeAll()
      guard let isAtEnd = try? frames.fill(&text, room: Limits.readBytes) else { return nil }
      // Nil until the frame is found.
      let wanted = frames.textAtBorder.map { $0 + place.offset + offset }
      let counted = min(text.count, (wanted ?? .max) - position)
      for byte in text.bytes[0..<counted] where byte == 0x0A { lines += 1 }
      position += counted
      if position == wanted { return lines }
      if isAtEnd { return nil }
    }
  }
}
