// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// Bytes that end where readable memory ends: reading one byte too many ends the process.
@safe final class GuardedMemory {
  // Safe because the pages are owned alone and live as long as this object.
  private let pages: UnsafeMutableRawPointer
  private let place: UnsafeMutableRawPointer
  private let count: Int
  private static let pageBytes = 4096

  /// At most one page of bytes.
  init?(_ bytes: [UInt8]) {
    precondition(bytes.count <= Self.pageBytes, "one page is guarded")
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard
      let pages = unsafe mmap(nil, 2 * Self.pageBytes, PROT_READ | PROT_WRITE, flags, -1, 0),
      unsafe pages != MAP_FAILED,
      unsafe mprotect(pages + Self.pageBytes, Self.pageBytes, PROT_NONE) == 0
    else { return nil }
    unsafe self.pages = unsafe pages
    unsafe place = unsafe pages + (Self.pageBytes - bytes.count)
    count = bytes.count
    for (index, byte) in bytes.enumerated() {
      unsafe place.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
  }

  deinit { unsafe munmap(pages, 2 * Self.pageBytes) }

  /// The guarded bytes, valid inside of `body`.
  func withBytes<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    try body(unsafe Bytes(UnsafeRawPointer(place), count))
  }
}
