// SPDX-License-Identifier: Apache-2.0
extension FixedWidthInteger {
  /// The decimal number that the bytes spell, with an optional sign; nil where they spell none or
  /// one that does not fit. ASCII white space around it is allowed.
  public init?(_ bytes: Bytes) {
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

extension Double {
  /// The number that the bytes spell as in Swift (`1.5e3`, `0x1p4`, `inf`, `nan`), correctly
  /// rounded; nil where they spell none. ASCII white space around it is allowed.
  public init?(_ bytes: Bytes) {
    // The parser below would stop at a zero byte.
    if bytes.firstIndex(of: 0) != nil { return nil }
    // Numbers of up to 15 characters are strings without an allocation.
    self.init(String(bytes.trimmed))
  }
}
