// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct WordsTests {
  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...0xFF: true
    default: false
    }
  }

  /// The words by one look at each byte.
  private func naiveWords(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.split { !isWordByte($0) }.map(Array.init)
  }

  private func words(_ bytes: [UInt8]) throws -> [[UInt8]] {
    try #require(GuardedMemory(bytes)).withBytes { view in view.words.map { Array($0) } }
  }

  @Test(arguments: 0...300) func `Random bytes of every length give the naive words`(
    count: Int
  ) throws {
    var random = RandomSource(count)
    let alphabets: [[UInt8]] = [
      Array(0...255), [0x20, 0x61], [0x20] + Array(repeating: 0x61, count: 60), [0x61, 0x80, 0xFF],
      [0x20, 0x2F, 0x30, 0x39, 0x3A, 0x40, 0x41, 0x5A, 0x5B, 0x60, 0x61, 0x7A, 0x7B, 0x7F, 0x80],
    ]
    for alphabet in alphabets {
      let bytes = random.bytes(count, of: alphabet)
      #expect(try words(bytes) == naiveWords(bytes))
    }
  }

  @Test func `Every single byte is classified`() throws {
    for byte in UInt8.min...UInt8.max {
      let bytes = [0x2C, byte, 0x2C]
      #expect(try words(bytes) == (isWordByte(byte) ? [[byte]] : []))
    }
  }

  @Test(arguments: [62, 63, 64, 65, 126, 127, 128, 129, 191, 192, 193])
  func `One word that reaches a window's end is found whole`(count: Int) throws {
    for start in [0, 1, 63, 64] {
      for tail in [0, 1, 64] {
        let bytes =
          [UInt8](repeating: 0x20, count: start) + [UInt8](repeating: 0x61, count: count)
          + [UInt8](repeating: 0x2E, count: tail)
        #expect(try words(bytes) == [[UInt8](repeating: 0x61, count: count)])
      }
    }
  }

  @Test func `Letters outside of ASCII stay whole across windows`() throws {
    for lead in 55...66 {
      let text = String(repeating: " ", count: lead) + "größe naïve 日本語 x"
      let found = try words(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
      #expect(found == ["größe", "naïve", "日本語", "x"])
    }
  }

  @Test func `An exhausted sequence stays exhausted`() {
    var words = Bytes("one").words
    #expect(words.next() == Bytes("one"))
    for _ in 0..<5 { #expect(words.next() == nil) }
    var none = Bytes("").words
    #expect(none.next() == nil)
  }
}
