// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct BytesTests {
  @Test(arguments: 0..<40) func `Order and equality are those of unsigned bytes`(seed: Int) {
    var random = RandomSource(seed)
    for _ in 0..<200 {
      // A small alphabet makes equal beginnings likely.
      let a = random.bytes(random.number(0...24), of: [0, 1, 0x7F, 0x80, 0xFF])
      var b = random.bytes(random.number(0...24), of: [0, 1, 0x7F, 0x80, 0xFF])
      if random.number(0...3) == 0 { b = a + b.prefix(2) }
      a.withBytes { left in
        b.withBytes { right in
          #expect((left < right) == a.lexicographicallyPrecedes(b))
          #expect((left == right) == (a == b))
          #expect(left.hasPrefix(right) == a.starts(with: b))
          if left == right { #expect(left.hashValue == right.hashValue) }
        }
      }
    }
  }

  @Test(arguments: [(0, 1), (7, 8), (15, 16), (16, 17), (33, 34)])
  func `Runs that differ in one byte are not equal`(place: Int, count: Int) {
    let one = [UInt8](repeating: 0x61, count: count)
    for index in 0..<count {
      var other = one
      other[index] ^= 0x80
      one.withBytes { a in other.withBytes { b in #expect(a != b && a < b) } }
    }
    #expect(place < count)
    one.withBytes { a in Array(one).withBytes { #expect(a == $0) } }
  }

  @Test func `Ranges cut views, and open ranges stop at the end`() {
    let line = Bytes("abcdef")
    #expect(line[1..<3] == Bytes("bc"))
    #expect(line[3...] == Bytes("def"))
    #expect(line[...1] == Bytes("ab"))
    #expect(line[..<2] == Bytes("ab"))
    #expect(line[2...3] == Bytes("cd"))
    #expect(line[6..<6].isEmpty)
    #expect(line[9...].isEmpty)
    #expect(Array(line[4...99]) == Array("ef".utf8))
    #expect(line[0] == 0x61)
  }

  @Test func `A byte outside of the view ends the process`() async {
    await #expect(processExitsWith: .failure) { _ = Bytes("ab")[2] }
    await #expect(processExitsWith: .failure) { _ = Bytes("ab")[1..<3] }
  }

  @Test(arguments: [
    "", "a", "abc", "a,b", ",", ",,", "a,,b,", ",a",
  ])
  func `Fields are one more than separators`(text: String) {
    let wanted = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var text = text
    text.withUTF8Bytes { line in
      #expect(line.fields(",").map { String($0) } == wanted)
      #expect(line.fields(0x2C).map { String($0) } == wanted)
      for (index, field) in wanted.enumerated() {
        #expect(line.field(index, separator: ",").map { String($0) } == field)
      }
      #expect(line.field(wanted.count, separator: ",") == nil)
    }
  }

  @Test(arguments: 0..<20) func `First and last place agree with a search`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(random.number(0...200), of: [0, 0x0A, 0x61, 0xFF])
    bytes.withBytes { view in
      for byte in [0, 0x0A, 0x61, 0xFF, 0x62] as [UInt8] {
        #expect(view.lastIndex(of: byte) == bytes.lastIndex(of: byte))
        for start in 0...bytes.count {
          #expect(view.firstIndex(of: byte, from: start) == bytes[start...].firstIndex(of: byte))
        }
      }
    }
  }

  @Test(arguments: 0..<20) func `A needle is found where a naive search finds it`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(random.number(0...60), of: [0, 1, 2])
    let needle = random.bytes(random.number(0...3), of: [0, 1, 2])
    var place: Int?
    for start in 0...bytes.count where place == nil {
      if bytes[start...].starts(with: needle) { place = start }
    }
    bytes.withBytes { view in
      needle.withBytes { needle in
        #expect(view.firstRange(of: needle)?.lowerBound == place)
        #expect(view.firstRange(of: needle)?.count ?? needle.count == needle.count)
        #expect(view.contains(needle) == (place != nil))
      }
    }
  }

  @Test func `Text is found byte by byte`() {
    #expect(Bytes("ein grüner Tag").contains("grün"))
    #expect(!Bytes("ein grüner Tag").contains("Grün"))
    #expect(Bytes("x").contains(""))
    #expect(Bytes("").contains(""))
  }

  @Test(arguments: [
    ("", ""), (" ", ""), ("\t\n\u{B}\u{C}\r ", ""), (" a b ", "a b"), ("a", "a"), ("\r\na\n", "a"),
    ("\u{A0}a", "\u{A0}a"), ("\u{8}a", "\u{8}a"),
  ])
  func `Trimming takes ASCII white space from both ends`(text: String, wanted: String) {
    Array(text.utf8).withBytes { #expect(String($0.trimmed) == wanted) }
  }

  @Test func `Bytes that are not UTF-8 become a replacement character`() {
    [0x61, 0xFF, 0x62].withBytes { #expect(String($0) == "a\u{FFFD}b") }
    #expect("\(Bytes("plain"))" == "plain")
  }

  @Test func `A span and a copy show the same bytes`() {
    let bytes = Bytes("span")
    #expect(bytes.withSpan { $0.count } == 4)
    #expect(bytes.withSpan { $0[3] } == bytes[3])
    #expect(Array(bytes) == Array("span".utf8))
    #expect([UInt8]().withBytes { $0.count } == 0)
  }
}
