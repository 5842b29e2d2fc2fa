// SPDX-License-Identifier: Apache-2.0

/// A node's life: 128 random bits, drawn when its process starts. A node that is started again is
/// another one.
package struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads what `text` says; nil for anything else.
  package init?(text: String) {
    guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
      let low = UInt64(text.suffix(16), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
    guard self.text == text else { return nil }
  }

  package static func < (a: NodeID, b: NodeID) -> Bool { (a.high, a.low) < (b.high, b.low) }

  /// The first 32 bits, in hexadecimal: enough to tell nodes apart in a log.
  package var description: String { String(Self.hexadecimal(high).prefix(8)) }
  /// All bits: what is compared and sent.
  package var text: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

  private static func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
