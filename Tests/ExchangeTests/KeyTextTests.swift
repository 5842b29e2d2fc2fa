// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@Suite struct KeyTextTests {
  @Test(arguments: [8, 16, 32, 64, 128])
  func `Integers within their width are keys, others are not`(
    bits: Int
  ) throws {
    let largest = UInt128.max >> UInt128(128 - bits)
    let unsigned = TypeCode.integer(bits: bits, isSigned: false)
    let signed = TypeCode.integer(bits: bits, isSigned: true)
    let zeros = [UInt8](repeating: 0, count: bits / 8)
    #expect(KeyText.encode("0", as: unsigned) == zeros)
    #expect(KeyText.encode("\(largest)", as: unsigned) == zeros.map { _ in 0xFF })
    #expect(KeyText.encode("\(largest / 2)", as: signed) == zeros.map { _ in 0xFF })
    #expect(KeyText.encode("-\(largest / 2 + 1)", as: signed) == zeros)
    #expect(KeyText.encode("-1", as: unsigned) == nil)
    #expect(KeyText.encode("\(largest)", as: signed) == nil)
    #expect(KeyText.encode("\(largest)0", as: unsigned) == nil)
    for junk in ["", " 1", "1 ", "a", "1.0", "0x1"] {
      #expect(KeyText.encode(junk, as: signed) == nil)
    }
  }

  @Test func `Text, truth values, doubles and tuples are encoded as keys`() throws {
    #expect(KeyText.encode("grün\t", as: .string) == Array("grün\t".utf8))
    #expect(KeyText.encode("", as: .bytes) == [])
    #expect(KeyText.encode("true", as: .bool) == [1])
    #expect(KeyText.encode("false", as: .bool) == [0])
    #expect(KeyText.encode("yes", as: .bool) == nil)
    #expect(KeyText.encode("-2.5", as: .double) == Encoded.key(-2.5))
    #expect(KeyText.encode("-0", as: .double) == Encoded.key(0.0))
    #expect(KeyText.encode("x", as: .double) == nil)
    let code = TypeCode.tuple([.string, .integer(bits: 16, isSigned: true)])
    #expect(
      KeyText.encode("a\0\t-3", as: code) == Encoded.terminated("a\0") + Encoded.key(Int16(-3)))
    #expect(KeyText.encode("\t0", as: code) == Encoded.terminated("") + Encoded.key(Int16(0)))
    for junk in ["a", "a\tb", "a\t1\t2", ""] { #expect(KeyText.encode(junk, as: code) == nil) }
    for code in [TypeCode.float, .array(.string), .optional(.string), .tagged, .nothing] {
      #expect(KeyText.encode("1", as: code) == nil)
      #expect(KeyText.encodePrefix("1", as: code) == nil)
    }
  }

  @Test(arguments: 0..<30) func `A prefix is the beginning of just the keys that have it`(seed: Int)
    throws
  {
    var random = RandomSource(seed)
    let letters: [UInt8] = [0x61, 0x62, 0, 0x7A]
    let code = TypeCode.tuple([.integer(bits: 8, isSigned: false), .string, .string])
    for _ in 0..<100 {
      func word(_ most: Int) -> String {
        String(decoding: random.bytes(random.number(0...most), of: letters), as: UTF8.self)
      }
      let parts = (first: random.number(0...3), second: word(4), third: word(4))
      let key = try #require(
        KeyText.encode("\(parts.first)\t\(parts.second)\t\(parts.third)", as: code))
      let wanted = (first: random.number(0...3), second: word(2), third: word(2))
      let short = try #require(KeyText.encodePrefix("\(wanted.first)\t\(wanted.second)", as: code))
      #expect(
        key.starts(with: short)
          == (parts.first == wanted.first && parts.second.utf8.starts(with: wanted.second.utf8)))
      let long = try #require(
        KeyText.encodePrefix("\(wanted.first)\t\(wanted.second)\t\(wanted.third)", as: code))
      #expect(
        key.starts(with: long)
          == (parts.first == wanted.first && parts.second == wanted.second
            && parts.third.utf8.starts(with: wanted.third.utf8)))
    }
  }

  @Test func `Where the last part of a prefix is a number, there is none`() {
    let code = TypeCode.tuple([.string, .integer(bits: 8, isSigned: false)])
    #expect(KeyText.encodePrefix("a\t1", as: code) == nil)
    #expect(KeyText.encodePrefix("a\t1\t2", as: code) == nil)
    #expect(KeyText.encodePrefix("1", as: .integer(bits: 8, isSigned: false)) == nil)
    #expect(KeyText.encodePrefix("a", as: code) == [0x61])
    #expect(KeyText.encodePrefix("ab", as: .string) == [0x61, 0x62])
  }
}
