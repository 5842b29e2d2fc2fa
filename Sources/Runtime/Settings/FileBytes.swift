// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Small files, read whole.
package enum FileBytes {
  enum Outcome {
    case bytes([UInt8])
    case missing
    case tooLarge
    /// For people.
    case failed(String)
  }

  static func read(_ path: String, most: Int) -> Outcome {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      return errno == ENOENT || errno == ENOTDIR ? .missing : .failed(describe(errno))
    }
    defer { close(descriptor) }
    return read(descriptor, most: most)
  }

  /// Reads from where the file stands to its end.
  static func read(_ descriptor: Int32, most: Int) -> Outcome {
    var bytes: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe Glibc.read(descriptor, &room, room.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return .failed(describe(errno)) }
      if count == 0 { return .bytes(bytes) }
      bytes += room.prefix(count)
      if bytes.count > most { return .tooLarge }
    }
  }

  /// Makes a new file for this user to write and all to read, with directories above it. Nil, or
  /// what went wrong; then nothing was made that was not there before, but directories.
  package static func create(_ path: String, _ text: String) -> String? {
    if let failure = makeDirectories(above: path) { return failure }
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      return errno == EEXIST ? "it exists already; nothing was changed" : describe(errno)
    }
    var failure = write(Array(text.utf8), to: descriptor)
    if close(descriptor) != 0, failure == nil { failure = describe(errno) }
    if failure != nil { _ = unsafe unlink(path) }
    return failure
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return describe(errno) }
      rest = rest.dropFirst(count)
    }
    return nil
  }

  private static func makeDirectories(above path: String) -> String? {
    for (index, character) in zip(path.indices, path) where character == "/" {
      let directory = String(path[..<index])
      if directory.isEmpty { continue }
      guard unsafe mkdir(directory, 0o755) == 0 || errno == EEXIST else {
        return "cannot make the directory \(directory): \(describe(errno))"
      }
    }
    return nil
  }

  /// A path without links and dots; the same where there is nothing.
  package static func canonical(_ path: String) -> String {
    guard let found = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(found) }
    return unsafe String(cString: found)
  }

  /// The system's words for an `errno`.
  static func describe(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    _ = unsafe strerror_r(code, &buffer, buffer.count)
    return String(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
