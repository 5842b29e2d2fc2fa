// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import Vocabulary

/// Memory for blocks that lies in a file: what a job holds beyond its limit.
///
/// Blocks are written to it as they are, and read in place: the file is mapped, and its pages are
/// let go of as soon as they were read. They stay in the system's cache for as long as there is
/// room for it, and on the disk.
@safe
package final class ScratchArea: @unchecked Sendable {
  // Safe because each place of the mapping belongs to one block. Sendable because the lists are
  // only touched while the mutex is held.

  /// Some room: where it lies in the mapping, and in the file.
  @unsafe private struct Place {
    var memory: UnsafeMutableRawPointer
    var offset: Int
    var byteCount: Int
  }

  private let file: ScratchFile
  /// Places for usual blocks.
  private var free: [Place] = unsafe []
  /// Places that larger blocks have left.
  private var large: [Place] = unsafe []
  private var mappings: [(base: UnsafeMutableRawPointer, byteCount: Int)] = unsafe []
  /// Bytes of the file.
  private var end = 0
  private var taken = 0
  /// Blocks that there are.
  private var inUse = 0
  private let mutex = Mutex(())

  /// The file is made when the first block is written to it.
  package convenience init(in directory: String) { self.init(ScratchFile(in: directory)) }

  package init(_ file: ScratchFile) { self.file = file }

  deinit {
    while let (base, byteCount) = unsafe mappings.popLast() { unsafe munmap(base, byteCount) }
  }

  /// What went wrong when it was to grow; nil where nothing did.
  package var failure: ScratchFile.Failure? { file.failure }

  /// The same, which is forgotten.
  package func takeFailure() -> ScratchFile.Failure? { file.takeFailure() }

  /// Bytes of all blocks that were taken from it, those that were given back as well.
  package var spilledBytes: Int { mutex.withLock { _ in taken } }

  /// The records of a block, in the file; nil where it cannot grow.
  func block(copying block: Block) -> Block? {
    let unit = Limits.blockBytes
    let byteCount = max(unit, (block.count + unit - 1) / unit * unit)
    guard let place = unsafe mutex.withLock({ _ in unsafe take(byteCount) }) else { return nil }
    guard unsafe file.write(block.bytes, at: place.offset) else {
      unsafe giveBack(place.memory, place.offset, byteCount)
      return nil
    }
    let made = unsafe Block(
      place.memory, capacity: byteCount, home: .scratch(self, offset: place.offset))
    made.seal(count: block.count, records: block.records)
    return made
  }

  func giveBack(_ memory: UnsafeMutableRawPointer, _ offset: Int, _ byteCount: Int) {
    unsafe letGo(memory, byteCount)
    let place = unsafe Place(memory: memory, offset: offset, byteCount: byteCount)
    mutex.withLock { _ in
      unsafe keep(place)
      inUse -= 1
      if inUse == 0, end > Limits.queuedBytes { empty() }
    }
  }

  /// Nothing is in use, and may not be for long: the disk gets its room back.
  private func empty() {
    unsafe free = unsafe []
    unsafe large = unsafe []
    while let (base, byteCount) = unsafe mappings.popLast() { unsafe munmap(base, byteCount) }
    file.release(0..<end)
    end = 0
  }

  /// The pages need not stay in memory; what is in them does not change.
  func letGo(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
    _ = unsafe madvise(memory, byteCount, MADV_DONTNEED)
  }

  private func take(_ byteCount: Int) -> Place? {
    guard let place = unsafe find(byteCount) else { return nil }
    taken += byteCount
    inUse += 1
    return unsafe place
  }

  private func find(_ byteCount: Int) -> Place? {
    if byteCount == Limits.blockBytes {
      if unsafe free.isEmpty, let place = unsafe large.popLast() { unsafe divide(place) }
      if unsafe free.isEmpty, let place = unsafe extend(Limits.slabBytes) { unsafe divide(place) }
      return unsafe free.popLast()
    }
    guard let index = unsafe large.firstIndex(where: { unsafe $0.byteCount >= byteCount }) else {
      return unsafe extend(byteCount)
    }
    let place = unsafe large.remove(at: index)
    let left = unsafe place.byteCount - byteCount
    if left > 0 {
      let rest = unsafe Place(
        memory: place.memory + byteCount, offset: place.offset + byteCount, byteCount: left)
      unsafe keep(rest)
    }
    return unsafe place
  }

  private func keep(_ place: Place) {
    if unsafe place.byteCount == Limits.blockBytes {
      unsafe free.append(place)
    } else {
      unsafe large.append(place)
    }
  }

  /// Makes places for usual blocks of one; the first is used first.
  private func divide(_ place: Place) {
    let unit = Limits.blockBytes
    for start in unsafe stride(from: 0, to: place.byteCount, by: unit).reversed() {
      unsafe free.append(
        Place(memory: place.memory + start, offset: place.offset + start, byteCount: unit))
    }
  }

  /// More room at the end of the file, mapped.
  private func extend(_ byteCount: Int) -> Place? {
    guard file.reserve(end..<end + byteCount), let descriptor = file.descriptor else { return nil }
    // The system maps what lies around a page that is read, in pieces as large as a block: a block
    // must be such a piece, or its neighbours would come with it and stay.
    let reservedBytes = byteCount + Limits.blockBytes
    let reserved = unsafe mmap(
      nil, reservedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe reserved, unsafe base != MAP_FAILED else {
      file.fail(errno)
      return nil
    }
    unsafe mappings.append((base, reservedBytes))
    let beyond = Int(bitPattern: base) % Limits.blockBytes
    let memory = unsafe base + (beyond == 0 ? 0 : Limits.blockBytes - beyond)
    let mapped = unsafe mmap(
      memory, byteCount, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, off_t(end))
    guard unsafe mapped != MAP_FAILED else {
      file.fail(errno)
      return nil
    }
    defer { end += byteCount }
    return unsafe Place(memory: memory, offset: end, byteCount: byteCount)
  }
}
