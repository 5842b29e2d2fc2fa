// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// What benchmarks do with files.
enum Files {
  private static let chunkBytes = 1 << 20

  static func size(_ path: String) throws -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw BenchmarkError.system(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw BenchmarkError("\(path) is not a file")
    }
    return Int(status.st_size)
  }

  static func openToRead(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw BenchmarkError.system(path) }
    return descriptor
  }

  static func create(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchmarkError.system(path) }
    return descriptor
  }

  /// A file that stays as it is until it is replaced.
  static func openToReplace(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BenchmarkError.system(path) }
    return descriptor
  }

  /// Makes `text` all that a file holds.
  static func replace(_ descriptor: Int32, by text: String) throws {
    guard ftruncate(descriptor, 0) == 0 else { throw BenchmarkError.system("truncate") }
    var text = text
    try text.withUTF8Bytes { try write($0, to: descriptor) }
  }

  /// Appends what can be read at once, up to `count` bytes; returns how many: 0 at the end.
  static func read(_ descriptor: Int32, _ count: Int, to target: inout ByteBuffer) throws -> Int {
    let before = target.count
    try unsafe target.appendRaw(room: count) { place in
      while true {
        let got = unsafe Glibc.read(descriptor, place, count)
        if got >= 0 { return got }
        guard errno == EINTR else { throw BenchmarkError.system("read") }
        try Interruption.check()
      }
    }
    return target.count - before
  }

  static func write(_ bytes: Bytes, to descriptor: Int32) throws {
    var written = 0
    while written < bytes.count {
      let rest = bytes[written..<bytes.count]
      let got = unsafe rest.withRaw { unsafe Glibc.write(descriptor, $0, $1) }
      if got < 0, errno != EINTR { throw BenchmarkError.system("write") }
      try Interruption.check()
      written += max(got, 0)
    }
  }

  /// The beginning of a small text file.
  static func read(_ path: String, atMost count: Int) throws -> String {
    let descriptor = try openToRead(path)
    defer { close(descriptor) }
    var buffer = ByteBuffer(capacity: count)
    while buffer.count < count, try read(descriptor, count - buffer.count, to: &buffer) > 0 {}
    return String(buffer.bytes)
  }

  /// What was written to a descriptor, at most its first KiB.
  static func readFromStart(_ descriptor: Int32) -> String {
    lseek(descriptor, 0, SEEK_SET)
    var buffer = ByteBuffer(capacity: 1024)
    _ = try? read(descriptor, 1024, to: &buffer)
    return String(buffer.bytes)
  }

  /// Appends the first `count` bytes of a file, cut behind the last line that fits.
  static func load(_ path: String, atMost count: Int, to target: inout ByteBuffer) throws {
    let descriptor = try openToRead(path)
    defer { close(descriptor) }
    let start = target.count
    let end = start + min(count, try size(path))
    target.reserve(end - start)
    while target.count < end, try read(descriptor, end - target.count, to: &target) > 0 {}
    if let last = lastLineEnd(target.bytes) { target.truncate(to: max(start, last + 1)) }
  }

  /// Writes the first `count` bytes of a file into a new one, cut behind the last line that fits.
  static func copyBeginning(of source: String, _ count: Int, to target: String) throws {
    let input = try openToRead(source)
    defer { close(input) }
    let output = try create(target)
    defer { close(output) }
    var buffer = ByteBuffer(capacity: chunkBytes)
    var left = count
    while left > 0 {
      buffer.removeAll()
      guard try read(input, min(left, chunkBytes), to: &buffer) > 0 else { break }
      left -= buffer.count
      if left == 0, let last = lastLineEnd(buffer.bytes) { buffer.truncate(to: last + 1) }
      try write(buffer.bytes, to: output)
    }
  }

  private static func lastLineEnd(_ bytes: Bytes) -> Int? {
    var index = bytes.count - 1
    while index >= 0 {
      if bytes[index] == 0x0A { return index }
      index -= 1
    }
    return nil
  }

  /// Whether two files hold the same bytes.
  static func areEqual(_ one: String, _ other: String) throws -> Bool {
    guard try size(one) == size(other) else { return false }
    let left = try openToRead(one)
    defer { close(left) }
    let right = try openToRead(other)
    defer { close(right) }
    var a = ByteBuffer(capacity: chunkBytes)
    var b = ByteBuffer(capacity: chunkBytes)
    while true {
      a.removeAll()
      b.removeAll()
      guard try read(left, chunkBytes, to: &a) > 0 else { return true }
      while b.count < a.count {
        guard try read(right, a.count - b.count, to: &b) > 0 else { return false }
      }
      if a.bytes != b.bytes { return false }
    }
  }

  /// Removes a file, or a directory with all it holds; what is not there is no matter.
  static func remove(_ path: String) {
    if unsafe unlink(path) == 0 { return }
    guard let handle = unsafe opendir(path) else { return }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    unsafe closedir(handle)
    for name in names { remove("\(path)/\(name)") }
    unsafe rmdir(path)
  }
}

/// A directory of our own for everything that is written, removed at the end.
struct ScratchDirectory {
  let path: String

  init() throws {
    var template = Self.template
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }
        .map { unsafe String(cString: $0) }
    }
    guard let made else { throw BenchmarkError.system("temporary directory") }
    path = made
    // What children leave behind is removed with it.
    unsafe setenv("TMPDIR", made, 1)
  }

  /// A name in the folder for temporary files, whose end is to be filled in.
  static var template: [CChar] {
    let parent = ChildProcess.variable("TMPDIR")
    return Array("\(parent.isEmpty ? "/tmp" : parent)/benchmarks-XXXXXX".utf8CString)
  }

  /// The path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  func remove() { Files.remove(path) }
}
