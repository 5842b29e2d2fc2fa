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

/// The partition of a key: the same in every process and version, for a mask of 2ⁿ−1.
@inlinable @inline(__always)
package func stablePartition(_ key: Bytes, mask: UInt64) -> Int {
  Int(truncatingIfNeeded: unsafe keyHash(key.base, key.count, seed: 0) & mask)
}
