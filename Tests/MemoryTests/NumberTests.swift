// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct NumberTests {
  /// Checks one width against the numbers just inside and just outside of it.
  private func check<N: FixedWidthInteger>(_ type: N.Type) {
    for number in [N.min, N.min + 1, 0, 1, N.max - 1, N.max] {
      for text in ["\(number)", " \(number)\t", "\(number)\r\n"] {
        #expect(parse(text, as: type) == number)
      }
    }
    #expect(parse("+\(N.max)", as: type) == N.max)
    let tooLarge = "\(N.max)"
    #expect(parse(tooLarge + "0", as: type) == nil)
    let below = N.isSigned ? "\(N.min)0" : "-1"
    #expect(parse(below, as: type) == nil)
  }

  private func parse<N: FixedWidthInteger>(_ text: String, as: N.Type) -> N? {
    Array(text.utf8).withBytes { N($0) }
  }

  @Test func `Integers of every width are read within their bounds`() {
    check(Int8.self)
    check(UInt8.self)
    check(Int16.self)
    check(UInt16.self)
    check(Int32.self)
    check(UInt32.self)
    check(Int64.self)
    check(UInt64.self)
    check(Int128.self)
    check(UInt128.self)
  }

  @Test(arguments: [
    "128", "-129", "1000", "", " ", "-", "+", "--1", "+-1", "1 2", "1a", "a", "0x10", "1.0", "１",
    "1\u{0}", "1_000", "1,000",
  ])
  func `What is no number of the width is nil`(text: String) {
    #expect(parse(text, as: Int8.self) == nil)
  }

  @Test func `One above the largest number does not fit`() {
    #expect(parse("18446744073709551616", as: UInt64.self) == nil)
    #expect(parse("9223372036854775808", as: Int64.self) == nil)
    #expect(parse("-9223372036854775809", as: Int64.self) == nil)
    #expect(parse("256", as: UInt8.self) == nil)
    #expect(parse("000000000000000000000000255", as: UInt8.self) == 255)
    #expect(parse("-0", as: UInt8.self) == 0)
  }

  @Test(arguments: 0..<10) func `Doubles read back exactly`(seed: Int) {
    var random = RandomSource(seed)
    for _ in 0..<200 {
      let number = Double(bitPattern: random.next())
      guard number.isFinite else { continue }
      let read = Array(" \(number) ".utf8).withBytes { Double($0) }
      #expect(read?.bitPattern == number.bitPattern)
    }
  }

  @Test(arguments: ["", " ", "1,5", "1 2", "e5", "1e", "--1", "1.0.0", "abc", "1\u{0}2", "1\u{0}"])
  func `What is no double is nil`(text: String) {
    #expect(Array(text.utf8).withBytes { Double($0) } == nil)
  }

  @Test func `Bytes that are not UTF-8 are no double`() {
    #expect([0x31, 0xFF].withBytes { Double($0) } == nil)
    #expect(Double(Bytes("-inf")) == -.infinity)
    #expect(Double(Bytes("nan"))?.isNaN == true)
    #expect(Double(Bytes("1e400")) == .infinity)
    #expect(Double(Bytes("+.5")) == 0.5)
  }
}
