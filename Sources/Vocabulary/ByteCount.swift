// SPDX-License-Identifier: Apache-2.0

/// A number of bytes, shown as people write it: `913 B`, `64.0 KiB`, `1.2 GiB`.
package struct ByteCount: Sendable, CustomStringConvertible {
  package let bytes: Int

  package init(_ bytes: Int) { self.bytes = bytes }

  package var description: String {
    let units = ["KiB", "MiB", "GiB", "TiB"]
    guard bytes >= 1024 else { return "\(bytes) B" }
    var scaled = Double(bytes) / 1024
    var unit = 0
    while scaled >= 1023.95, unit + 1 < units.count {
      scaled /= 1024
      unit += 1
    }
    let tenths = Int((scaled * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}

extension Int {
  /// The number with a comma after every third digit: `1,204`.
  package var grouped: String {
    let digits = String(magnitude)
    var text = self < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
