// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

extension InputFiles {
  /// The file with the places at which its format lets it be cut. O(1), but for compressed files,
  /// whose headers are looked at, and for rows that may hold line ends: such a file is read, where
  /// it is larger than the smallest split.
  ///
  /// `progress` is called now and then; it throws where the work is not wanted any more.
  static func cut(
    _ file: InputFile, _ cutting: FileFormat.Cutting, _ progress: () throws -> Void
  ) throws -> InputFile {
    guard !file.isStream else { return file }
    if let compression = file.compression {
      // Where a frame begins, nobody knows whether a row does.
      let found = try frames(of: file, compression, progress)
      return file.cut(.at(cutting == .anywhere ? found : []))
    }
    switch cutting {
    case .anywhere: return file
    case .every(let bytes):
      guard file.size % bytes == 0 else {
        throw isNoMultiple(file.path, size: file.size, of: bytes)
      }
      return file.cut(.every(bytes))
    case .betweenRows:
      let isSmall = file.size <= Limits.splitBytesMinimum
      return file.cut(.at(isSmall ? [] : try cuts(of: file, progress)))
    }
  }

  static func isNoMultiple(_ path: String, size: Int, of bytes: Int) -> JobError {
    JobError(
      .badInput, "\(path) has \(size) bytes, which is no multiple of the \(bytes) of a record",
      advice: "is it whole, and is recordBytes right?")
  }

  private static func cuts(of file: InputFile, _ progress: () throws -> Void) throws -> [Int] {
    let descriptor = unsafe Glibc.open(file.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotRead(file.path, errno) }
    defer { close(descriptor) }
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    var finder = CutFinder()
    var found: [Int] = []
    var block = ByteBuffer(capacity: Limits.readBytes)
    var position = 0
    while position < file.size {
      try progress()
      block.removeAll()
      let wanted = min(Limits.readBytes, file.size - position)
      var failure: Int32 = 0
      unsafe block.appendRaw(room: wanted) { target in
        let count = unsafe pread(descriptor, target, wanted, off_t(position))
        if count < 0 { failure = errno }
        return max(0, count)
      }
      if failure == EINTR { continue }
      if failure != 0 { throw cannotRead(file.path, failure) }
      // It became shorter: who reads it will say so.
      if block.count == 0 { break }
      finder.look(at: block.bytes, &found)
      position += block.count
    }
    if found.last == file.size { found.removeLast() }
    return found
  }
}
