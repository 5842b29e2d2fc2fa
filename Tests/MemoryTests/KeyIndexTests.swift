// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Memory

@Suite struct KeyIndexTests {
  /// Keys of all lengths around the one up to which a hash tells all, many with the same beginning.
  private static let keys: [[UInt8]] =
    (0...20).flatMap { length in
      (0..<(length == 0 ? 1 : 50)).map { number in
        (0..<length).map { $0 == length - 1 ? UInt8(number) : 0 }
      }
    }

  @Test func `Different keys are numbered as they come, equal ones alike`() {
    let index = KeyIndex(seed: 5)
    for turn in 0..<2 {
      for (number, key) in Self.keys.enumerated() {
        let found = key.withBytes { index.insert($0) }
        #expect(found == number, "turn \(turn)")
      }
    }
    #expect(index.count == Self.keys.count)
  }

  @Test func `What was not put in is not found`() {
    let index = KeyIndex(seed: 9)
    for key in Self.keys { _ = key.withBytes { index.insert($0) } }
    for (number, key) in Self.keys.enumerated() {
      let found = key.withBytes { index.find($0) }
      #expect(found == number)
      let other = (key + [99]).withBytes { index.find($0) }
      #expect(other == nil)
    }
  }
}
