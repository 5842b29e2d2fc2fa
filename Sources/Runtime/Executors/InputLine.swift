// SPDX-License-Identifier: Apache-2.0
import CSystem
import Fabrics
import Glibc
import Memory
import Vocabulary

/// A line of an input file: its number, and its beginning.
struct InputLine {
  let number: Int
  let text: String

  /// Lines before it are counted in so many bytes at most: some hundredths of a second.
  private static let bytesMaximum = 128 << 20

  /// The line that begins at a byte of a file; nil where it cannot be told. The file is opened with
  /// the rights of the executor: whatever that said of it, nothing is shown that it could not read.
  init?(_ path: String, at offset: Int, as user: ExecutorUser?) {
    guard offset <= Self.bytesMaximum, let file = Self.open(path, user) else { return nil }
    var lines = 1
    var position = 0
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while position < offset {
      let count = Self.read(file, &piece, min(piece.count, offset - position), at: position)
      guard count > 0 else { return nil }
      lines += piece[..<count].withBytes { $0.count(of: 0x0A) }
      position += count
    }
    let count = Self.read(file, &piece, Limits.shownRecordBytes + 1, at: offset)
    guard count >= 0 else { return nil }
    let line = piece[..<count].prefix { $0 != 0x0A }
    number = lines
    let isCut = line.count > Limits.shownRecordBytes
    text = OutputTail.printable(line.prefix(Limits.shownRecordBytes)) + (isCut ? "…" : "")
  }

  /// Nil for what is no plain file, too: opening another kind may not end, nor reading.
  private static func open(_ path: String, _ user: ExecutorUser?) -> Descriptor? {
    let number =
      if let user, geteuid() == 0 {
        unsafe mapred_open_as(path, user.user, user.group)
      } else {
        unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      }
    guard number >= 0 else { return nil }
    let file = Descriptor(number)
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return nil
    }
    return file
  }

  private static func read(
    _ file: Descriptor, _ piece: inout [UInt8], _ count: Int, at offset: Int
  ) -> Int {
    unsafe piece.withUnsafeMutableBytes { raw in
      uninterrupted { unsafe pread(file.number, raw.baseAddress, count, off_t(offset)) }
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate func withBytes<R>(_ body: (Bytes) -> R) -> R {
    unsafe withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return body(Bytes("")) }
      return unsafe body(Bytes(base, raw.count))
    }
  }
}

extension Bytes {
  fileprivate func count(of byte: UInt8) -> Int {
    var count = 0
    for each in self where each == byte { count += 1 }
    return count
  }
}
