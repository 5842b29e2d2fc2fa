// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A growing run of bytes with one owner, written at its end.
///
/// Bytes move when it grows, so what points into it is an offset, not an address.
@safe
@usableFromInline package struct ByteBuffer: ~Copyable {
  // Safe because the memory is owned alone, and every write makes room first.
  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline package private(set) var count = 0
  @usableFromInline package private(set) var capacity: Int

  @usableFromInline package init(capacity: Int = 256) {
    self.capacity = max(capacity, 16)
    unsafe base = .allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { unsafe base.deallocate() }

  /// All bytes, valid until the next change.
  @inlinable package var bytes: Bytes { unsafe Bytes(UnsafeRawPointer(base), count) }

  @inlinable package mutating func removeAll() { count = 0 }

  /// Drops what stands behind the first `newCount` bytes.
  @inlinable package mutating func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count, "a buffer is cut inside its bytes")
    count = newCount
  }

  @inlinable @inline(__always) package mutating func reserve(_ extra: Int) {
    if count &+ extra > capacity { grow(extra) }
  }

  @usableFromInline mutating func grow(_ extra: Int) {
    let wanted = max(capacity * 2, count + extra)
    let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe larger.copyMemory(from: base, byteCount: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity = wanted
  }

  @inlinable @inline(__always) package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  @inlinable @inline(__always) package mutating func append(_ bytes: Bytes) {
    reserve(bytes.count)
    unsafe copyBytes(base + count, bytes.base, bytes.count)
    count &+= bytes.count
  }

  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      let bytes = unsafe Bytes(viewing: UnsafeRawBufferPointer(utf8))
      append(bytes)
    }
  }

  package mutating func append(_ literal: StaticString) { append(Bytes(literal)) }

  /// Appends the number's bytes, the most significant one first.
  @inlinable @inline(__always)
  package mutating func appendBigEndian<N: FixedWidthInteger>(_ number: N) {
    let size = MemoryLayout<N>.size
    reserve(size)
    unsafe base.storeBytes(of: number.bigEndian, toByteOffset: count, as: N.self)
    count &+= size
  }

  /// Appends the number's bytes, the least significant one first.
  @inlinable @inline(__always)
  package mutating func appendLittleEndian<N: FixedWidthInteger>(_ number: N) {
    let size = MemoryLayout<N>.size
    reserve(size)
    unsafe base.storeBytes(of: number.littleEndian, toByteOffset: count, as: N.self)
    count &+= size
  }

  /// Appends seven bits a byte, the low ones first: 1 to 10 bytes.
  @inlinable @inline(__always) package mutating func appendVarint(_ number: UInt64) {
    reserve(10)
    unsafe count &+= writeVarint(base + count, number)
  }

  /// Appends a number in decimal.
  package mutating func appendDecimal(_ number: UInt64) {
    reserve(20)
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20, number >= bound {
      digits += 1
      let (next, overflow) = bound.multipliedReportingOverflow(by: 10)
      if overflow { break }
      bound = next
    }
    var rest = number
    var index = count + digits
    repeat {
      index &-= 1
      let digit = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
      unsafe base.storeBytes(of: digit, toByteOffset: index, as: UInt8.self)
      rest /= 10
    } while index > count
    count += digits
  }

  package mutating func appendSignedDecimal(_ number: Int64) {
    if number < 0 { append(0x2D as UInt8) }
    appendDecimal(number.magnitude)
  }

  /// Lets `body` write up to `room` bytes at the end; it returns how many it wrote.
  package mutating func appendRaw(
    room: Int, _ body: (UnsafeMutableRawPointer) throws -> Int
  ) rethrows {
    reserve(room)
    let written = unsafe try body(base + count)
    precondition(written >= 0 && written <= room, "wrote outside of the room asked for")
    count += written
  }

  /// Moves the bytes from `offset` on to the front.
  package mutating func keepTail(from offset: Int) {
    precondition(offset >= 0 && offset <= count, "the tail begins inside the buffer")
    let rest = count - offset
    if offset > 0, rest > 0 {
      unsafe memmove(base, base + offset, rest)
    }
    count = rest
  }
}

/// Writes a varint; returns its length, 1 to 10. The target has room for 10 bytes.
@inlinable @inline(__always)
package func writeVarint(_ target: UnsafeMutableRawPointer, _ number: UInt64) -> Int {
  if number >= 0x80 { return unsafe writeLongVarint(target, number) }
  unsafe target.storeBytes(of: UInt8(truncatingIfNeeded: number), as: UInt8.self)
  return 1
}

@usableFromInline
func writeLongVarint(_ target: UnsafeMutableRawPointer, _ number: UInt64) -> Int {
  var rest = number
  var length = 0
  while rest >= 0x80 {
    let byte = UInt8(truncatingIfNeeded: rest) | 0x80
    unsafe target.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
    rest &>>= 7
    length &+= 1
  }
  unsafe target.storeBytes(
    of: UInt8(truncatingIfNeeded: rest), toByteOffset: length, as: UInt8.self)
  return length &+ 1
}

/// How many bytes the varint of a number takes.
@inlinable @inline(__always)
package func varintSize(_ number: UInt64) -> Int {
  (Swift.max(1, 64 &- number.leadingZeroBitCount) &+ 6) / 7
}
