// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Memory

/// A file under construction. Every failure names the file and what the system said.
final class OutputFile: @unchecked Sendable {
  // Sendable because one thread at a time writes.
  private let path: String
  private var descriptor: Int32
  private(set) var offset = 0
  private var flushed = 0

  /// Bytes after which the system is asked to begin writing them to the disk: the last sync is
  /// then short.
  private static let flushBytes = 8 << 20

  init(_ path: String) throws {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Self.cannotWrite(path, errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func write(_ bytes: Bytes) throws {
    var written = 0
    while written < bytes.count {
      let rest = bytes[written..<bytes.count]
      let count = unsafe rest.withRaw { unsafe Glibc.write(descriptor, $0, $1) }
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.cannotWrite(path, errno)
      }
      written += count
      offset += count
    }
    if offset - flushed >= Self.flushBytes {
      // Only a hint: what counts is the sync at the end.
      mapred_begin_writeback(descriptor, Int64(flushed), Int64(offset - flushed))
      flushed = offset
    }
  }

  /// Brings everything to the disk and closes the file.
  func finish() throws {
    if fdatasync(descriptor) != 0, errno != EINVAL, errno != EROFS {
      throw Self.cannotWrite(path, errno)
    }
    let status = close(descriptor)
    descriptor = -1
    if status != 0 { throw Self.cannotWrite(path, errno) }
  }

  static func cannotWrite(_ path: String, _ code: Int32) -> JobError {
    var advice: String?
    if code == ENOSPC || code == EDQUOT { advice = "make room, or name another directory" }
    return JobError(
      .cannotWrite, "cannot write \(path): \(errorText(code)); nothing was left behind",
      advice: advice)
  }
}
