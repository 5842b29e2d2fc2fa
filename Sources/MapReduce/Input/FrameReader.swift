// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

/// Reads the text of a compressed file from the beginning of one of its frames on. Of the file and
/// of its text, it holds a bounded piece each.
final class FrameReader {
  private let file: InputFile
  private let descriptor: Int32
  private let compression: Compression
  private let decompressor: Decompressor
  private let start: Int
  /// Where in the file the frame begins that others read, too: what is before it is ours alone.
  private let border: Int
  /// How much text there is before the border; nil until that is known.
  private(set) var textAtBorder: Int?

  /// What was read of the file, and how much of it the decompressor took.
  private var compressed = ByteBuffer(capacity: FrameReader.fileBytes)
  private var taken = 0

  /// Bytes that are read of the file at a time: about as much text as fits into a reader's buffer.
  private static let fileBytes = 64 << 10

  init(
    _ file: InputFile, _ descriptor: Int32, _ compression: Compression, from start: Int,
    border: Int
  ) throws {
    self.file = file
    self.descriptor = descriptor
    self.compression = compression
    self.start = start
    self.border = border
    textAtBorder = border == start ? 0 : nil
    do { decompressor = try Decompressor(compression) } catch {
      throw Self.cannotRead(file, compression, error, at: start)
    }
  }

  /// Where in the file the decompressor is.
  private var position: Int { start + decompressor.taken }

  /// Appends up to `room` bytes of text; true at the end of the file.
  func fill(_ text: inout ByteBuffer, room: Int) throws -> Bool {
    let full = text.count + room
    while text.count < full {
      if taken == compressed.count, !decompressor.isInside {
        if position >= file.size { return true }
        try readMore()
      }
      let made = decompressor.made
      let count = try expand(&text, room: full - text.count)
      let hasMoved = count > 0 || decompressor.made > made
      // A frame can end without moving: its last bytes were taken before.
      let hasEnded = taken == compressed.count && !decompressor.isInside
      if !hasMoved, !hasEnded { try readMore() }
    }
    return false
  }

  private func expand(_ text: inout ByteBuffer, room: Int) throws -> Int {
    let count: Int
    do throws(Compression.Failure) {
      let rest = compressed.bytes[taken..<compressed.count]
      count = try decompressor.append(rest, room: room, to: &text)
    } catch {
      throw Self.cannotRead(file, compression, error, at: position)
    }
    taken += count
    guard textAtBorder == nil, position >= border else { return count }
    if !decompressor.isInside, position == border { textAtBorder = decompressor.made }
    // A frame that began before the border ends with it, or the file is not what was listed.
    if position > border { throw Self.isDamaged(file, compression, at: border) }
    return count
  }

  private func readMore() throws {
    let offset = start + decompressor.taken + compressed.count - taken
    compressed.keepTail(from: taken)
    taken = 0
    guard offset < file.size else { throw Self.isCut(file, compression) }
    let count = try InputFiles.read(
      descriptor, file, at: offset, atMost: min(Self.fileBytes, file.size - offset), &compressed)
    if count == 0 { throw InputFiles.becameShorter(file, offset) }
  }
}

extension FrameReader {
  private static func cannotRead(
    _ file: InputFile, _ compression: Compression, _ failure: Compression.Failure, at offset: Int
  ) -> JobError {
    switch failure {
    case .isMissing: isNotBuiltIn(file.path, compression)
    case .isDamaged: isDamaged(file, compression, at: offset)
    case .lacksMemory:
      JobError(
        .badInput,
        "\(file.path) cannot be expanded near byte \(offset): it takes more memory than there is, "
          + "or than \(compression.rawValue) gives by itself",
        advice: "compress it again, without --long or --ultra")
    }
  }

  static func isNotBuiltIn(_ path: String, _ compression: Compression) -> JobError {
    JobError(
      .noInput, "cannot read \(path): \(compression.rawValue) is not built in",
      advice: compression.installation)
  }

  static func isDamaged(_ file: InputFile, _ compression: Compression, at offset: Int) -> JobError {
    JobError(
      .badInput, "\(file.path) is damaged, or not \(compression.rawValue), near byte \(offset)",
      advice: "check it: \(compression.check(file.path))")
  }

  /// The file ends inside of a frame.
  static func isCut(_ file: InputFile, _ compression: Compression) -> JobError {
    JobError(
      .badInput,
      "\(file.path) ends too early, at byte \(file.size): the rest of its last frame is missing",
      advice: "check it: \(compression.check(file.path))")
  }
}
