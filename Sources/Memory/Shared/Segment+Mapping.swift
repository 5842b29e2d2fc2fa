// SPDX-License-Identifier: Apache-2.0
import Glibc

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

  /// How many bytes a file has that is open; 0 where it is no file.
  package static func byteCount(of descriptor: Int32) -> Int {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }
}
