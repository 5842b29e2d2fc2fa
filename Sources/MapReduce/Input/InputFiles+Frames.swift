// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

extension InputFiles {
  /// Where frames of a compressed file begin, about one a MiB: there it may be cut. Looks at the
  /// headers of all blocks, O(blocks); no byte is expanded.
  static func frames(
    of file: InputFile, _ compression: Compression, _ progress: () throws -> Void
  ) throws -> [Int] {
    guard compression.isAvailable else { throw FrameReader.isNotBuiltIn(file.path, compression) }
    // Even an empty text is a frame.
    guard file.size > 0 else { throw FrameReader.isCut(file, compression) }
    guard file.size > Limits.frameSpacing, var walk = FrameWalk(compression) else { return [] }
    let descriptor = unsafe open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotRead(file.path, errno) }
    defer { close(descriptor) }
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
    var found: [Int] = []
    var head = ByteBuffer(capacity: FrameWalk.headBytes)
    while walk.offset < file.size {
      try progress()
      if walk.isBetweenFrames, walk.offset - (found.last ?? 0) >= Limits.frameSpacing {
        found.append(walk.offset)
      }
      head.removeAll()
      let wanted = min(FrameWalk.headBytes, file.size - walk.offset)
      let count = try read(descriptor, file, at: walk.offset, atMost: wanted, &head)
      if count == 0 { throw becameShorter(file, walk.offset) }
      do throws(ByteReader.Damaged) { try walk.step(head.bytes) } catch {
        throw FrameReader.isDamaged(file, compression, at: walk.offset)
      }
    }
    guard walk.offset == file.size, walk.isBetweenFrames else {
      throw FrameReader.isCut(file, compression)
    }
    return found
  }

  /// Appends what stands at a place of a file; returns how much that was: 0 at its end.
  static func read(
    _ descriptor: Int32, _ file: InputFile, at offset: Int, atMost room: Int,
    _ target: inout ByteBuffer
  ) throws -> Int {
    var count = 0
    var failure: Int32 = 0
    unsafe target.appendRaw(room: room) { place in
      repeat {
        count = unsafe pread(descriptor, place, room, off_t(offset))
      } while count < 0 && errno == EINTR
      if count < 0 { failure = errno }
      return max(count, 0)
    }
    if failure != 0 { throw cannotRead(file.path, failure) }
    return count
  }

  static func becameShorter(_ file: InputFile, _ offset: Int) -> JobError {
    JobError(
      .badInput,
      "\(file.path) became shorter while it was read: \(offset) bytes of \(file.size) are left",
      advice: "run the job again when nothing writes to its input")
  }
}
