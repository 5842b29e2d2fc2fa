// SPDX-License-Identifier: Apache-2.0
public import Exchange
public import Memory

/// Numbers as they stand in a record, read in place: what `[Double]` is without memory of its own.
///
/// Like every view it is valid inside of the closure that it was handed to, and what is to be kept
/// must be copied: `Array(point)`. So it is for what is read often and changed nowhere, as cached
/// points are (`cached(as: Doubles.self)`), and goes from there into `combine`; `reduce`, `top` and
/// a broadcast keep the values that they are given.
public struct Doubles: RandomAccessCollection, Record {
  @usableFromInline let bytes: Bytes

  /// As an array of them.
  public static var typeCode: TypeCode { [Double].typeCode }

  /// Reads what an array has written, in place.
  @inlinable @inline(__always) public init(from source: inout RecordReader) throws {
    let count = try source.varint()
    guard count <= UInt64(source.reader.remaining) &>> 3 else { throw ByteReader.Damaged() }
    bytes = try source.take(Int(count) &* 8)
  }

  /// The count, then the numbers.
  @inlinable public func encode(into target: inout RecordWriter) {
    target.appendVarint(UInt64(count))
    target.append(bytes)
  }

  /// The place of the first number.
  @inlinable public var startIndex: Int { 0 }
  /// One more than the place of the last number.
  @inlinable @inline(__always) public var endIndex: Int { bytes.count &>> 3 }

  /// The number at a place, from 0.
  @inlinable @inline(__always) public subscript(place: Int) -> Double {
    Double(bitPattern: bytes.word(place))
  }
}
