// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce
import Memory

/// Text that a command leaves in a file.
enum OutputText {
  /// Writes a file anew.
  static func save(_ text: String, at path: String) throws {
    let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
    let descriptor = unsafe Glibc.open(path, flags, 0o644)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  private static func failure(_ path: String) -> JobError {
    JobError(.cannotWrite, "cannot write \(path): \(unsafe String(cString: strerror(errno)))")
  }
}
