// SPDX-License-Identifier: Apache-2.0

/// Reads a run of bytes from its front. Nothing is trusted: every read can fail.
@usableFromInline package struct ByteReader {
  @usableFromInline package let bytes: Bytes
  @usableFromInline package private(set) var offset: Int = 0

  @inlinable package init(_ bytes: Bytes) { self.bytes = bytes }

  /// The bytes end in the middle of a value, or hold one that cannot be.
  @usableFromInline package struct Damaged: Error {
    @usableFromInline package init() {}
  }

  @inlinable package var isAtEnd: Bool { offset >= bytes.count }
  @inlinable package var remaining: Int { bytes.count &- offset }

  @inlinable @inline(__always) package mutating func byte() throws(Damaged) -> UInt8 {
    guard offset < bytes.count else { throw Damaged() }
    let value = bytes[offset]
    offset &+= 1
    return value
  }

  /// The next `count` bytes, in place.
  @inlinable @inline(__always) package mutating func take(_ count: Int) throws(Damaged) -> Bytes {
    guard count >= 0, count <= remaining else { throw Damaged() }
    let taken = bytes[offset..<(offset &+ count)]
    offset &+= count
    return taken
  }

  /// Most are small: only those of one byte are read in place.
  @inlinable @inline(__always) package mutating func varint() throws(Damaged) -> UInt64 {
    if let byte = shortVarint() { return UInt64(byte) }
    return try longVarint()
  }

  /// A varint of one byte, where one comes.
  @inlinable @inline(__always) package mutating func shortVarint() -> UInt8? {
    guard offset < bytes.count, bytes[offset] < 0x80 else { return nil }
    offset &+= 1
    return bytes[offset &- 1]
  }

  @usableFromInline mutating func longVarint() throws(Damaged) -> UInt64 {
    // Most end within eight bytes, which are taken together.
    let word = nextWord()
    let ends = ~word & 0x8080_8080_8080_8080
    let length = ends.trailingZeroBitCount / 8 &+ 1
    if length <= remaining, ends != 0 {
      let bit = ends & (0 &- ends)
      offset &+= length
      return Self.joined(word & (bit | bit &- 1))
    }
    return try slowVarint()
  }

  /// The next eight bytes as a number, the first one lowest; behind the end of the run are zeros.
  @inline(__always) private func nextWord() -> UInt64 {
    let start = unsafe bytes.base + offset
    let count = remaining
    if count >= 8 { return unsafe UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)) }
    // Two overlapping pieces: where both have a byte, it is the same.
    if count >= 4 {
      let head = unsafe UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))
      let tail = unsafe UInt32(
        littleEndian: (start + (count &- 4)).loadUnaligned(as: UInt32.self))
      return UInt64(head) | UInt64(tail) &<< UInt64(8 &* (count &- 4))
    }
    if count >= 2 {
      let head = unsafe UInt16(littleEndian: start.loadUnaligned(as: UInt16.self))
      let tail = unsafe UInt16(
        littleEndian: (start + (count &- 2)).loadUnaligned(as: UInt16.self))
      return UInt64(head) | UInt64(tail) &<< UInt64(8 &* (count &- 2))
    }
    return count == 1 ? UInt64(unsafe start.load(as: UInt8.self)) : 0
  }

  /// The number whose sevens of bits stand in eight bytes, the low ones first.
  @inline(__always) private static func joined(_ word: UInt64) -> UInt64 {
    let twos = word & 0x007F_007F_007F_007F | (word & 0x7F00_7F00_7F00_7F00) &>> 1
    let fours = twos & 0x0000_3FFF_0000_3FFF | (twos & 0x3FFF_0000_3FFF_0000) &>> 2
    return fours & 0x0FFF_FFFF | (fours & 0x0FFF_FFFF_0000_0000) &>> 4
  }

  private mutating func slowVarint() throws(Damaged) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      if shift == 63, next > 1 { throw Damaged() }
      value |= UInt64(next & 0x7F) &<< shift
      if next < 0x80 { return value }
      shift &+= 7
      if shift > 63 { throw Damaged() }
    }
  }

  /// A varint that counts bytes or elements of what remains.
  @inlinable package mutating func length() throws(Damaged) -> Int {
    let value = try varint()
    guard value <= UInt64(remaining) else { throw Damaged() }
    return Int(value)
  }

  @inlinable @inline(__always)
  package mutating func bigEndian<N: FixedWidthInteger>(_: N.Type) throws(Damaged) -> N {
    let raw = try take(MemoryLayout<N>.size)
    return unsafe N(bigEndian: raw.base.loadUnaligned(as: N.self))
  }

  @inlinable @inline(__always)
  package mutating func littleEndian<N: FixedWidthInteger>(_: N.Type) throws(Damaged) -> N {
    let raw = try take(MemoryLayout<N>.size)
    return unsafe N(littleEndian: raw.base.loadUnaligned(as: N.self))
  }
}
