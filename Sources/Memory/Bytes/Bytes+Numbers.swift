// SPDX-License-Identifier: Apache-2.0
extension FixedWidthInteger {
  /// The decimal number that the bytes spell, with an optional sign; nil where they spell none or
  /// one that does not fit. ASCII white space around it is allowed.
  @inlinable public init?(_ bytes: Bytes) {
    let digits = bytes.trimmed
    var index = 0
    var isNegative = false
    if index < digits.count, digits[index] == 0x2D || digits[index] == 0x2B {
      isNegative = digits[index] == 0x2D
      index += 1
    }
    guard index < digits.count else { return nil }
    var value: Self = 0
    while index < digits.count {
      let digit = digits[index] &- 0x30
      guard digit < 10 else { return nil }
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (next, carry) =
        isNegative
        ? scaled.subtractingReportingOverflow(Self(digit))
        : scaled.addingReportingOverflow(Self(digit))
      if overflow || carry { return nil }
      value = next
      index += 1
    }
    self = value
  }
}

extension Bytes {
  /// The number that up to 18 digits spell, behind a minus perhaps; nil for all other bytes.
  package var shortNumber: Int? {
    let first = count > 0 && self[0] == 0x2D ? 1 : 0
    guard count > first, count &- first <= 18 else { return nil }
    var value = 0
    for index in first..<count {
      let digit = self[index] &- 0x30
      guard digit < 10 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return first == 0 ? value : 0 &- value
  }

  /// The eight bytes at `index` times eight as a number, the least significant one first.
  @inlinable @inline(__always) package func word(_ index: Int) -> UInt64 {
    precondition(index >= 0 && index < count &>> 3, "word index out of range")
    return unsafe UInt64(
      littleEndian: base.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
  }
}

/// Hands the bytes of a number to `body`, the most significant one first.
@inlinable @inline(__always)
package func withBigEndianBytes<N: FixedWidthInteger, R>(
  of number: N, _ body: (Bytes) throws -> R
) rethrows -> R {
  try unsafe withUnsafeBytes(of: number.bigEndian) { raw in
    try body(unsafe Bytes(viewing: raw))
  }
}

extension Double {
  /// The number that the bytes spell as in Swift (`1.5e3`, `0x1p4`, `inf`, `nan`), correctly
  /// rounded; nil where they spell none. ASCII white space around it is allowed.
  public init?(_ bytes: Bytes) {
    let text = bytes.trimmed
    if let number = Self.short(text) {
      self = number
      return
    }
    // The parser below would stop at a zero byte.
    if text.firstIndex(of: 0) != nil { return nil }
    // Numbers of up to 15 characters are strings without an allocation.
    self.init(String(text))
  }

  private static let powersOfTen: [22 of Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21,
  ]

  /// A decimal of up to 18 digits, with a point or without, where one division rounds it right
  /// (Clinger, "How to read floating point numbers accurately", 1990): its digits are a whole
  /// number below 2^53, and so is each power of ten up to 10^22 exact.
  private static func short(_ text: Bytes) -> Double? {
    let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
    var value: UInt64 = 0
    let whole = isNegative ? 1 : 0
    var end = takeDigits(text, from: whole, &value)
    var digits = end &- whole
    var behindPoint = 0
    if end < text.count, text[end] == UInt8(ascii: ".") {
      let fraction = end &+ 1
      end = takeDigits(text, from: fraction, &value)
      behindPoint = end &- fraction
      digits &+= behindPoint
    }
    guard end == text.count else { return nil }
    guard digits > 0, digits <= 18, value <= 1 << 53 else { return nil }
    let magnitude = Double(value) / powersOfTen[behindPoint]
    return isNegative ? -magnitude : magnitude
  }

  /// Appends the digits that stand there to a number; returns where they end.
  @inline(__always) private static func takeDigits(
    _ text: Bytes, from start: Int, _ value: inout UInt64
  ) -> Int {
    var index = start
    while index < text.count {
      let digit = text[index] &- 0x30
      if digit >= 10 { break }
      value = value &* 10 &+ UInt64(digit)
      index &+= 1
    }
    return index
  }
}
