// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Vocabulary

/// Compares `count` bytes, unsigned: negative, zero or positive.
@usableFromInline package func compareBytes(
  _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int
) -> Int {
  Int(unsafe memcmp(a, b, count))
}

/// Where `value` first stands among `count` bytes, as an offset; nil where it does not.
@usableFromInline package func findByte(
  _ value: UInt8, _ base: UnsafeRawPointer, _ count: Int
) -> Int? {
  guard count > 0, let hit = unsafe memchr(base, Int32(value), count) else { return nil }
  return unsafe UnsafeRawPointer(hit) - base
}

/// Where `needle` first stands among `count` bytes, as an offset; nil where it does not.
package func findBytes(
  _ needle: UnsafeRawPointer, _ needleCount: Int, _ base: UnsafeRawPointer, _ count: Int
) -> Int? {
  guard let hit = unsafe mapred_find(base, count, needle, needleCount) else { return nil }
  return unsafe hit - base
}

/// Copies short runs of bytes without a call: most keys are words.
///
/// Two overlapping moves cover 4 to 16 bytes and never touch a byte outside the run.
@inlinable @inline(__always)
package func copyBytes(
  _ target: UnsafeMutableRawPointer, _ source: UnsafeRawPointer, _ count: Int
) {
  if count > 16 {
    unsafe target.copyMemory(from: source, byteCount: count)
  } else if count >= 8 {
    let head = unsafe source.loadUnaligned(as: UInt64.self)
    let tail = unsafe source.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    unsafe target.storeBytes(of: head, as: UInt64.self)
    unsafe target.storeBytes(of: tail, toByteOffset: count &- 8, as: UInt64.self)
  } else if count >= 4 {
    let head = unsafe source.loadUnaligned(as: UInt32.self)
    let tail = unsafe source.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
    unsafe target.storeBytes(of: head, as: UInt32.self)
    unsafe target.storeBytes(of: tail, toByteOffset: count &- 4, as: UInt32.self)
  } else {
    var index = 0
    while index < count {
      let byte = unsafe source.load(fromByteOffset: index, as: UInt8.self)
      unsafe target.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      index &+= 1
    }
  }
}

/// Whether two runs of `count` bytes are equal; short runs without a call.
@inlinable @inline(__always)
package func equalBytes(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
  if count > 16 { return unsafe compareBytes(a, b, count) == 0 }
  if count >= 8 {
    let head =
      unsafe a.loadUnaligned(as: UInt64.self) ^ b.loadUnaligned(as: UInt64.self)
    let tail =
      unsafe a.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
      ^ b.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    return head | tail == 0
  }
  if count >= 4 {
    let head =
      unsafe a.loadUnaligned(as: UInt32.self) ^ b.loadUnaligned(as: UInt32.self)
    let tail =
      unsafe a.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      ^ b.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
    return head | tail == 0
  }
  var index = 0
  while index < count {
    let one = unsafe a.load(fromByteOffset: index, as: UInt8.self)
    let other = unsafe b.load(fromByteOffset: index, as: UInt8.self)
    if one != other { return false }
    index &+= 1
  }
  return true
}

/// The first eight bytes as a big-endian number, zeros behind a shorter run: it orders as they do.
@inlinable @inline(__always)
package func orderPrefix(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
  if count >= 8 { return unsafe UInt64(bigEndian: base.loadUnaligned(as: UInt64.self)) }
  var prefix: UInt64 = 0
  var index = 0
  while index < count {
    let byte = unsafe base.load(fromByteOffset: index, as: UInt8.self)
    prefix |= UInt64(byte) &<< UInt64(56 &- 8 &* index)
    index &+= 1
  }
  return prefix
}

/// Where `value` last stands among `count` bytes, as an offset; nil where it does not.
func findLastByte(_ value: UInt8, _ base: UnsafeRawPointer, _ count: Int) -> Int? {
  guard count > 0, let hit = unsafe mapred_find_last(base, value, count) else { return nil }
  return unsafe hit - base
}

/// From this size on, tables are mapped for themselves and ask for huge pages: their slots are
/// visited at random, and each small page would be a miss of its own in the address cache.
private let mappedBytesMinimum = 4 << 20

/// Memory whose bytes are zero, with a page behind each address.
@usableFromInline func allocateZeroed(_ byteCount: Int) -> UnsafeMutableRawPointer {
  let memory = unsafe newZeroed(byteCount)
  // A table is read before it is written. A page that is read first is the system's page of zeros,
  // and the first write to it stops all other threads for a moment: a fifth of the time of a short
  // job on two processors.
  var offset = 0
  while offset < byteCount {
    unsafe memory.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self)
    offset += Limits.pageBytes
  }
  return unsafe memory
}

/// Large pieces come from the system as zeros, and are not touched here.
private func newZeroed(_ byteCount: Int) -> UnsafeMutableRawPointer {
  if byteCount >= mappedBytesMinimum {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    let memory = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
    if let memory = unsafe memory, unsafe memory != MAP_FAILED {
      _ = unsafe madvise(memory, byteCount, MADV_HUGEPAGE)
      return unsafe memory
    }
  } else if let memory = unsafe calloc(1, byteCount) {
    return unsafe memory
  }
  fatalError("out of memory: \(byteCount) bytes for a table")
}

@usableFromInline func freeZeroed(_ memory: UnsafeMutableRawPointer, _ byteCount: Int) {
  if byteCount >= mappedBytesMinimum {
    unsafe munmap(memory, byteCount)
  } else {
    unsafe free(memory)
  }
}
