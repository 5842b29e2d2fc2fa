// SPDX-License-Identifier: Apache-2.0

/// A seeded generator (SplitMix64), so that a failing case can be run again.
package struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  package init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x2545_F491_4F6C_DD1D }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number in `range`.
  package mutating func number(_ range: ClosedRange<Int>) -> Int {
    .random(in: range, using: &self)
  }

  /// `count` bytes out of `alphabet`.
  package mutating func bytes(_ count: Int, of alphabet: [UInt8] = Array(0...255)) -> [UInt8] {
    (0..<count).map { _ in alphabet[number(0...(alphabet.count - 1))] }
  }

  /// The same bytes, of which some were changed, cut off or added.
  package mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<number(1...3) where !bytes.isEmpty {
      bytes[number(0...(bytes.count - 1))] = UInt8(number(0...255))
    }
    switch number(0...3) {
    case 0: return Array(bytes.prefix(number(0...bytes.count)))
    case 1: return bytes + self.bytes(number(1...4))
    default: return bytes
    }
  }
}
