// SPDX-License-Identifier: Apache-2.0

/// Durations and sizes as people write them: whole numbers with a unit.
package enum Units {
  private static let durations: [(String, UInt64)] = [
    ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
    ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
  ]
  private static let sizes: [(String, UInt64)] = [
    ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
  ]

  /// The nanoseconds of `500ms`, `2s`, `10m`; nil where the text is no duration. What does not fit
  /// is as long as can be.
  package static func nanoseconds(_ text: String) -> UInt64? { number(text, durations) }

  /// The bytes of `64MiB`; a number without a unit has been counted already.
  package static func bytes(_ text: String) -> Int? {
    number(text, sizes + [("", 1)]).map { Int(clamping: $0) }
  }

  /// A duration in the largest unit that shows it exactly.
  package static func text(nanoseconds: UInt64) -> String { text(nanoseconds, durations) }

  /// A size in the largest unit that shows it exactly.
  package static func text(bytes: Int) -> String { text(UInt64(bytes), sizes) }

  private static func number(_ text: String, _ units: [(String, UInt64)]) -> UInt64? {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    let rest = text.utf8.dropFirst(digits.count)
    guard !digits.isEmpty, let factor = units.first(where: { rest.elementsEqual($0.0.utf8) })?.1
    else { return nil }
    var value: UInt64 = 0
    for digit in digits {
      value = saturated(value.multipliedReportingOverflow(by: 10))
      value = saturated(value.addingReportingOverflow(UInt64(digit - 0x30)))
    }
    return saturated(value.multipliedReportingOverflow(by: factor))
  }

  private static func saturated(_ result: (partialValue: UInt64, overflow: Bool)) -> UInt64 {
    result.overflow ? .max : result.partialValue
  }

  private static func text(_ value: UInt64, _ units: [(String, UInt64)]) -> String {
    guard value > 0, let unit = units.last(where: { value % $0.1 == 0 }) else {
      return "0\(units[0].0)"
    }
    return "\(value / unit.1)\(unit.0)"
  }
}
