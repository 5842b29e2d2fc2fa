// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce

/// A directory of one run, with its input; removed with all that is in it.
final class ScratchDirectory {
  let path: String

  init() throws {
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/mapred-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Self.cannotWrite("a file in \(parent)") }
    path = String(
      decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Directory.remove(path) }

  /// Writes a file, and makes the directories in its name.
  func write(_ name: String, _ text: String) throws {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
      throw JobError(
        .usage, "\"\(name)\" cannot be the name of an input file",
        advice: "write a name, or names with slashes between them")
    }
    for count in 1..<parts.count {
      let directory = "\(path)/\(parts[..<count].joined(separator: "/"))"
      guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else {
        throw Self.cannotWrite(name)
      }
    }
    let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Self.cannotWrite(name) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.cannotWrite(name) }
      rest = rest.dropFirst(count)
    }
  }

  private static func cannotWrite(_ name: String) -> JobError {
    JobError(.cannotWrite, "cannot write \(name): \(unsafe String(cString: strerror(errno)))")
  }
}
