// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Synchronization
import Vocabulary

/// Memory for blocks that lies in a file: what a job holds beyond its limit.
///
/// The file is mapped, so that records in it keep their addresses, and its pages are let go of as
/// soon as they were written or read: they stay in the system's cache for as long as there is room
/// for it, and on the disk. The file has no name: the system removes it with the process, however
/// that ends.
@safe
package final class ScratchArea: @unchecked Sendable {
  // Safe because each place of the mapping belongs to one block. Sendable because the lists are
  // only touched while the mutex is held.
  /// Where the file lies.
  package let directory: String
  private let descriptor: Int32
  private var free: [UnsafeMutableRawPointer] = unsafe []
  private var slabs: [UnsafeMutableRawPointer] = unsafe []
  private var error: Int32 = 0
  private var taken = 0
  private let mutex = Mutex(())

  /// What the system says where no file can be made.
  package struct Failure: Error {
    package let code: Int32
  }

  package init(in directory: String) throws(Failure) {
    self.directory = directory
    let descriptor = unsafe mapred_scratch_file(directory)
    guard descriptor >= 0 else { throw Failure(code: errno) }
    self.descriptor = descriptor
  }

  deinit {
    while let slab = unsafe slabs.popLast() { unsafe munmap(slab, Limits.slabBytes) }
    close(descriptor)
  }

  /// What went wrong when it was to grow; nil where nothing did.
  package var failure: Failure? {
    mutex.withLock { _ in error == 0 ? nil : Failure(code: error) }
  }

  /// Bytes of all blocks that were taken from it, those that were given back as well.
  package var spilledBytes: Int { mutex.withLock { _ in taken * Limits.blockBytes } }

  /// Memory for a block; nil where the file cannot grow.
  func takeBlock() -> UnsafeMutableRawPointer? {
    unsafe mutex.withLock { _ in
      if unsafe free.isEmpty, !addSlab() { return nil }
      taken += 1
      return unsafe free.removeLast()
    }
  }

  func giveBack(_ memory: UnsafeMutableRawPointer) {
    unsafe letGo(memory, Limits.blockBytes)
    mutex.withLock { _ in unsafe free.append(memory) }
  }

  /// The pages need not stay in memory; what is in them does not change.
  func letGo(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    _ = unsafe madvise(memory, byteCount, MADV_DONTNEED)
  }

  private func addSlab() -> Bool {
    let offset = unsafe slabs.count * Limits.slabBytes
    // Room is taken before it is written to: a full disk is an error here, and a fault there.
    let status = posix_fallocate(descriptor, off_t(offset), off_t(Limits.slabBytes))
    guard status == 0 else {
      error = status
      return false
    }
    let memory = unsafe mmap(
      nil, Limits.slabBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(offset))
    guard let slab = unsafe memory, unsafe slab != MAP_FAILED else {
      error = errno
      return false
    }
    unsafe slabs.append(slab)
    for place in stride(from: 0, to: Limits.slabBytes, by: Limits.blockBytes).reversed() {
      unsafe free.append(slab + place)
    }
    return true
  }
}
