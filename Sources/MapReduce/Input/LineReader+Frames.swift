// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

extension LineReader {
  /// Hands the lines of some frames to `body`. Nobody knows whether the frame before ended with a
  /// line end. So each range but a file's first leaves out what stands up to its first line end,
  /// and each but the last reads on, into the next frame, up to the first line end there.
  ///
  /// That is how a range of a plain file is read, one byte later: its text ends behind the first
  /// byte of the next frame, whose line is its last one.
  func readFrames(
    _ range: FileRange, _ compression: Compression,
    _ body: (Bytes, ChunkPlace) throws -> Bool
  ) throws {
    let (file, start) = (range.file, range.range.lowerBound)
    let frames = try FrameReader(
      file, try open(file), compression, from: start, border: range.range.upperBound)
    let isLast = range.range.upperBound >= file.size
    try readLines(
      from: 0, isFirst: start == 0,
      upTo: { isLast ? .max : frames.textAtBorder.map { $0 + 1 } ?? .max },
      filling: { offset in
        let room = try self.room(file, at: offset)
        return try frames.fill(&self.buffer, room: room)
      },
      { try body($0, ChunkPlace(path: file.path, offset: $1, frame: start)) })
  }
}
