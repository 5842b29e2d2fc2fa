// SPDX-License-Identifier: Apache-2.0
public import Memory

/// Key encodings whose byte order is the order of the keys.
///
/// - Integers: big-endian, the sign bit flipped.
/// - Doubles: big-endian bits; the sign bit flipped for positive numbers, all bits for negative
///   ones. −0 is 0, and there is one NaN, above all numbers.
/// - Text and bytes: as they are. Inside of a tuple a zero byte becomes `00 FF` and the end is
///   `00 01`, so that a prefix sorts first and what follows cannot reach into it.
@usableFromInline package enum KeyEncoding {
  @inlinable @inline(__always)
  package static func append<N: FixedWidthInteger>(_ number: N, to buffer: inout ByteBuffer) {
    buffer.appendBigEndian(flipped(number))
  }

  /// The number with its sign bit flipped where it has one: its own inverse.
  @inlinable @inline(__always)
  package static func flipped<N: FixedWidthInteger>(_ number: N) -> N {
    N.isSigned ? number ^ N.min : number
  }

  @inlinable package static func orderedBits(_ number: Double) -> UInt64 {
    let canonical = number.isNaN ? Double.nan : (number == 0 ? 0 : number)
    let bits = canonical.bitPattern
    return bits &>> 63 == 0 ? bits ^ (1 &<< 63) : ~bits
  }

  @inlinable package static func double(orderedBits: UInt64) -> Double {
    Double(
      bitPattern: orderedBits &>> 63 == 1 ? orderedBits ^ (1 &<< 63) : ~orderedBits)
  }

  /// Appends the bytes so that their end can be found and order is kept.
  @usableFromInline package static func appendTerminated(
    _ bytes: Bytes, to buffer: inout ByteBuffer
  ) {
    for byte in bytes {
      buffer.append(byte)
      if byte == 0 { buffer.append(0xFF) }
    }
    buffer.append(0)
    buffer.append(1)
  }

  /// Reads what `appendTerminated` wrote, into `target`.
  package static func readTerminated(
    _ reader: inout ByteReader, into target: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    while true {
      let byte = try reader.byte()
      if byte != 0 {
        target.append(byte)
        continue
      }
      switch try reader.byte() {
      case 0xFF: target.append(0 as UInt8)
      case 1: return
      default: throw ByteReader.Damaged()
      }
    }
  }
}
