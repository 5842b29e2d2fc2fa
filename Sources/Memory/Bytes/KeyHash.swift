// SPDX-License-Identifier: Apache-2.0

/// A seeded 64-bit hash of bytes, for tables and partitions.
///
/// The shape is that of the multiply-and-fold hashes (wyhash and its kin): two 64-bit words are
/// mixed by one 64×64→128-bit multiplication, whose halves are folded together. A secret seed
/// keeps makers of hostile keys from aiming at one slot; a fixed seed makes partitions stable.
/// O(count); reads no byte outside of the run.
@inlinable @inline(__always)
package func keyHash(_ base: UnsafeRawPointer, _ count: Int, seed: UInt64) -> UInt64 {
  let a: UInt64
  let b: UInt64
  var state = seed ^ HashSecret.zero
  if count <= 16 {
    if count >= 8 {
      a = unsafe base.loadUnaligned(as: UInt64.self)
      b = unsafe base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    } else if count >= 4 {
      a = UInt64(unsafe base.loadUnaligned(as: UInt32.self))
      b = UInt64(unsafe base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
    } else if count > 0 {
      let first = unsafe base.load(as: UInt8.self)
      let middle = unsafe base.load(fromByteOffset: count &>> 1, as: UInt8.self)
      let last = unsafe base.load(fromByteOffset: count &- 1, as: UInt8.self)
      a = UInt64(first) &<< 16 | UInt64(middle) &<< 8 | UInt64(last)
      b = 0
    } else {
      a = 0
      b = 0
    }
  } else {
    var index = 0
    while index &+ 16 < count {
      let one = unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      let two = unsafe base.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
      state = foldedProduct(one ^ HashSecret.one, two ^ state)
      index &+= 16
    }
    a = unsafe base.loadUnaligned(fromByteOffset: count &- 16, as: UInt64.self)
    b = unsafe base.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
  }
  let mixed = foldedProduct(a ^ HashSecret.one, b ^ state)
  return foldedProduct(mixed ^ HashSecret.two, UInt64(truncatingIfNeeded: count) ^ HashSecret.one)
}

/// Keys of up to eight bytes, hashed so that different keys of one length have different hashes:
/// who compares hashes and lengths need not look at the keys.
@usableFromInline package struct ShortKeyHash: Sendable {
  @inlinable package static var byteMaximum: Int { 8 }

  // Secret, so that nobody can aim at one slot. Odd, so that multiplying loses nothing.
  @usableFromInline let offset: UInt64
  @usableFromInline let first: UInt64
  @usableFromInline let second: UInt64

  @inlinable package init(seed: UInt64) {
    offset = foldedProduct(seed ^ HashSecret.zero, HashSecret.one)
    first = foldedProduct(seed ^ HashSecret.one, HashSecret.two) | 1
    second = foldedProduct(seed ^ HashSecret.two, HashSecret.zero) | 1
  }

  /// The hash of `count` ≤ 8 bytes: each step, an exclusive or, a product by an odd number and a
  /// shift folded in, can be undone.
  @inlinable @inline(__always)
  package func callAsFunction(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
    var word = unsafe Self.word(base, count) ^ offset
    word = word &* first
    word ^= word &>> 32
    word = word &* second
    return word ^ word &>> 32
  }

  /// The bytes of the key as a number, the first one lowest.
  ///
  /// The lengths of keys come in no order that a processor could guess, so nothing here depends on
  /// them: eight bytes are read and those behind the key cleared. What stands in the same page can
  /// be read; only a key at the end of its page is put together from its own bytes alone.
  @inlinable @inline(__always)
  static func word(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
    if count == 0 { return 0 }
    if UInt(bitPattern: base) & 0xFFF > 0xFF8 { return unsafe carefulWord(base, count) }
    let word = unsafe UInt64(littleEndian: base.loadUnaligned(as: UInt64.self))
    return word & (.max &>> UInt64(truncatingIfNeeded: 64 &- 8 &* count))
  }

  @inlinable @inline(never)
  static func carefulWord(_ base: UnsafeRawPointer, _ count: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<count {
      word |= UInt64(unsafe base.load(fromByteOffset: index, as: UInt8.self)) &<< UInt64(8 * index)
    }
    return word
  }
}

/// Constants without structure: the fractional parts of √2, √3 and √5, made odd.
@usableFromInline package enum HashSecret {
  @inlinable package static var zero: UInt64 { 0x6A09_E667_F3BC_C909 }
  @inlinable package static var one: UInt64 { 0xBB67_AE85_84CA_A73B }
  @inlinable package static var two: UInt64 { 0x3C6E_F372_FE94_F82B }
}

@inlinable @inline(__always)
package func foldedProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = a.multipliedFullWidth(by: b)
  return product.high ^ product.low
}

/// A hash of bytes with a seed of the caller's.
package func stableHash(_ key: Bytes, seed: UInt64) -> UInt64 {
  unsafe keyHash(key.base, key.count, seed: seed)
}

/// The partition of a key: the same in every process and version, for a mask of 2ⁿ−1.
@inlinable @inline(__always)
package func stablePartition(_ key: Bytes, mask: UInt64) -> Int {
  Int(truncatingIfNeeded: unsafe keyHash(key.base, key.count, seed: 0) & mask)
}
