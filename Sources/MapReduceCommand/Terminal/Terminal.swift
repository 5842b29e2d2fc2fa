// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce
import Memory

/// Standard output for data, standard error for words.
enum Terminal {
  /// Where relative paths begin.
  static var workingDirectory: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard unsafe getcwd(&buffer, buffer.count) != nil else { return "/" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether standard error is a terminal that understands more than plain lines.
  static var isInteractive: Bool {
    isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
  }

  /// Whether words may be coloured.
  static var hasColor: Bool { isInteractive && environment("NO_COLOR") == nil }

  static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// Prints a line of data.
  static func print(_ line: String) throws {
    try Array((line + "\n").utf8).withBytes { try write($0) }
  }

  /// Prints lines of data that end already.
  static func write(text: String) throws { try Array(text.utf8).withBytes { try write($0) } }

  /// Writes data as it is.
  static func write(_ bytes: Bytes) throws {
    guard put(bytes, STDOUT_FILENO) else {
      if errno == EPIPE { throw Ended() }
      throw JobError(.cannotWrite, "cannot write to standard output: \(describe(errno))")
    }
  }

  /// Says something on standard error; nothing can be done where that fails.
  static func say(_ text: String) {
    Array((text + "\n").utf8).withBytes { _ = put($0, STDERR_FILENO) }
  }

  /// Writes words without a line end.
  static func sayRaw(_ text: String) {
    Array(text.utf8).withBytes { _ = put($0, STDERR_FILENO) }
  }

  private static func put(_ bytes: Bytes, _ descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written..<bytes.count].withRaw {
        unsafe Glibc.write(descriptor, $0, $1)
      }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return false }
      written += count
    }
    return true
  }

  private static func describe(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

  /// The reader of standard output has gone: there is nobody left to tell.
  struct Ended: Error {}
}
