// SPDX-License-Identifier: Apache-2.0
import Memory

/// Signed numbers as unsigned ones, small where they are near zero: 0, −1, 1, −2 become 0, 1, 2, 3.
@usableFromInline package enum ZigZag {
  @inlinable @inline(__always) package static func encode(_ number: Int64) -> UInt64 {
    UInt64(bitPattern: (number &<< 1) ^ (number &>> 63))
  }

  @inlinable @inline(__always) package static func decode(_ number: UInt64) -> Int64 {
    Int64(bitPattern: number &>> 1) ^ -Int64(bitPattern: number & 1)
  }
}
