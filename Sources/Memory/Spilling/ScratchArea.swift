// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Synchronization
import Vocabulary

/// Memory for blocks that lies in a file: what a job holds beyond its limit.
///
/// Blocks are written to it as they are, and read in place: the file is mapped, and its pages are
/// let go of as soon as they were read. They stay in the system's cache for as long as there is
/// room for it, and on the disk. The file has no name: the system removes it with the process,
/// however that ends.
@safe
package final class ScratchArea: @unchecked Sendable {
  // Safe because each place of the mapping belongs to one block. Sendable because the lists are
  // only touched while the mutex is held.
  /// Where the file lies.
  package let directory: String
  private var descriptor: Int32 = -1
  /// Places for blocks: where each lies in the mapping, and in the file.
  private var free: [(memory: UnsafeMutableRawPointer, offset: Int)] = unsafe []
  private var slabs: [UnsafeMutableRawPointer] = unsafe []
  private var error: Int32 = 0
  private var taken = 0
  private let mutex = Mutex(())

  /// Addresses for a slab, wherever in them a block may begin.
  private static let reservedBytes = Limits.slabBytes + Limits.blockBytes

  /// What the system says where the file cannot be made, or cannot grow.
  package struct Failure: Error {
    package let code: Int32
    /// Whether there was no file at all.
    package let isAtOnce: Bool
  }

  /// The file is made when the first block is written to it.
  package init(in directory: String) { self.directory = directory }

  deinit {
    while let slab = unsafe slabs.popLast() { unsafe munmap(slab, Self.reservedBytes) }
    if descriptor >= 0 { close(descriptor) }
  }

  /// What went wrong when it was to grow; nil where nothing did.
  package var failure: Failure? {
    mutex.withLock { _ in
      error == 0 ? nil : Failure(code: error, isAtOnce: descriptor < 0)
    }
  }

  /// Bytes of all blocks that were taken from it, those that were given back as well.
  package var spilledBytes: Int { mutex.withLock { _ in taken * Limits.blockBytes } }

  /// The records of a block, in the file; nil where it cannot grow.
  func block(copying block: Block) -> Block? {
    guard block.count <= Limits.blockBytes else { return nil }
    let place = unsafe mutex.withLock { _ -> (memory: UnsafeMutableRawPointer, offset: Int)? in
      if unsafe free.isEmpty, !addSlab() { return nil }
      taken += 1
      return unsafe free.removeLast()
    }
    guard let place = unsafe place else { return nil }
    let (memory, offset) = unsafe place
    guard write(block.bytes, at: offset) else {
      unsafe giveBack(memory, offset)
      return nil
    }
    let made = unsafe Block(
      memory, capacity: Limits.blockBytes, home: .scratch(self, offset: offset))
    made.seal(count: block.count, records: block.records)
    return made
  }

  /// Writing beats storing through the mapping, which stops for each new page.
  private func write(_ bytes: Bytes, at offset: Int) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = unsafe pwrite(
        descriptor, bytes.base + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = count < 0 ? errno : EIO
        mutex.withLock { _ in error = code }
        return false
      }
      done += count
    }
    return true
  }

  func giveBack(_ memory: UnsafeMutableRawPointer, _ offset: Int) {
    unsafe letGo(memory, Limits.blockBytes)
    mutex.withLock { _ in unsafe free.append((memory, offset)) }
  }

  /// The pages need not stay in memory; what is in them does not change.
  func letGo(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    _ = unsafe madvise(memory, byteCount, MADV_DONTNEED)
  }

  private func addSlab() -> Bool {
    if descriptor < 0 { descriptor = unsafe mapred_scratch_file(directory) }
    guard descriptor >= 0 else {
      error = errno
      return false
    }
    let offset = unsafe slabs.count * Limits.slabBytes
    // Room is taken before it is written to: a full disk is an error here, and a fault there.
    let status = posix_fallocate(descriptor, off_t(offset), off_t(Limits.slabBytes))
    guard status == 0 else {
      error = status
      return false
    }
    // The system maps what lies around a page that is read, in pieces as large as a block: a block
    // must be such a piece, or its neighbours would come with it and stay.
    let reserved = unsafe mmap(
      nil, Self.reservedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe reserved, unsafe base != MAP_FAILED else {
      error = errno
      return false
    }
    unsafe slabs.append(base)
    let beyond = Int(bitPattern: base) % Limits.blockBytes
    let slab = unsafe base + (beyond == 0 ? 0 : Limits.blockBytes - beyond)
    let mapped = unsafe mmap(
      slab, Limits.slabBytes, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor,
      off_t(offset))
    guard unsafe mapped != MAP_FAILED else {
      error = errno
      return false
    }
    for place in stride(from: 0, to: Limits.slabBytes, by: Limits.blockBytes).reversed() {
      unsafe free.append((slab + place, offset + place))
    }
    return true
  }
}
