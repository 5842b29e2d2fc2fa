// SPDX-License-Identifier: Apache-2.0
import Glibc
import Vocabulary

extension Segment {
  /// Maps the first `byteCount` bytes of a memory file; nil and `errno` where that is refused. The
  /// descriptor is not needed any more then.
  package convenience init?(mapping descriptor: Int32, byteCount: Int, isWritable: Bool) {
    let rights = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    let memory = unsafe mmap(nil, byteCount, rights, MAP_SHARED | MAP_NORESERVE, descriptor, 0)
    guard let base = unsafe memory, unsafe base != MAP_FAILED else { return nil }
    let address = UInt(bitPattern: base)
    unsafe self.init(base, byteCount: byteCount, isWritable: isWritable) {
      if let base = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe munmap(base, byteCount)
      }
    }
  }

  /// Maps the first `byteCount` bytes of a memory file, and behind them those of a file of a disk,
  /// to be read; nil and `errno` where that is refused.
  package convenience init?(
    mapping descriptor: Int32, byteCount: Int, isWritable: Bool, then file: Int32, fileBytes: Int
  ) {
    let all = byteCount + fileBytes
    let reserved = unsafe mmap(
      nil, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe reserved, unsafe base != MAP_FAILED else { return nil }
    let rights = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    let flags = MAP_SHARED | MAP_NORESERVE | MAP_FIXED
    guard unsafe mmap(base, byteCount, rights, flags, descriptor, 0) != MAP_FAILED,
      unsafe mmap(base + byteCount, fileBytes, PROT_READ, flags, file, 0) != MAP_FAILED
    else {
      let code = errno
      unsafe munmap(base, all)
      errno = code
      return nil
    }
    let address = UInt(bitPattern: base)
    unsafe self.init(base, byteCount: all, isWritable: isWritable, fileStart: byteCount) {
      if let base = unsafe UnsafeMutableRawPointer(bitPattern: address) { unsafe munmap(base, all) }
    }
  }

  /// A range is not needed soon: where it lies in a file, its pages need not stay in memory.
  package func letGo(_ offset: Int, _ count: Int) {
    guard isInFile(offset), count > 0 else { return }
    view.check(offset, count)
    // The system maps what lies around a page that is read, in pieces of this size: all of them go.
    let window = UInt(Limits.blockBytes)
    let base = unsafe UInt(bitPattern: view.base)
    let first = base + UInt(offset)
    let start = max(base + UInt(fileStart), first / window * window)
    let end = min(
      base + UInt(byteCount), (first + UInt(count) + window - 1) / window * window)
    _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: start), Int(end - start), MADV_DONTNEED)
  }

  package static func isFile(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// How many bytes a file has that is open; 0 where it is no file.
  package static func byteCount(of descriptor: Int32) -> Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }
}
