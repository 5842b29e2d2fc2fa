// SPDX-License-Identifier: Apache-2.0

/// Numbers that follow from a seed: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// A number of 0 to `bound - 1`.
  package mutating func below(_ bound: Int) -> Int { Int(next(upperBound: UInt64(bound))) }

  package mutating func number(in range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// True once in `times`.
  package mutating func once(in times: Int) -> Bool { below(times) == 0 }

  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  /// The elements in another order (Fisher and Yates).
  package mutating func mixed<Element>(_ elements: [Element]) -> [Element] {
    var mixed = elements
    for place in mixed.indices.dropFirst() { mixed.swapAt(place, below(place + 1)) }
    return mixed
  }
}
