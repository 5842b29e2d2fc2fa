// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import Bench

@Suite struct ZipfTextTests {
  private func words(_ count: Int) -> [String] {
    var text = ZipfText()
    var buffer = ByteBuffer()
    text.append(atLeast: count, to: &buffer)
    #expect(buffer.count >= count && buffer.count < count + 1000)
    return buffer.bytes.words.map { String($0) }
  }

  @Test func `The same size gives the same bytes, and what is appended goes on`() {
    var whole = ByteBuffer()
    var parts = ByteBuffer()
    var one = ZipfText()
    var other = ZipfText()
    one.append(atLeast: 50_000, to: &whole)
    for _ in 0..<10 { other.append(atLeast: 5_000, to: &parts) }
    let common = min(whole.count, parts.count)
    #expect(common >= 50_000)
    #expect(whole.bytes[0..<common] == parts.bytes[0..<common])
  }

  @Test func `Lines end, and words stand between single spaces`() {
    var text = ZipfText()
    var buffer = ByteBuffer()
    text.append(atLeast: 20_000, to: &buffer)
    let all = String(buffer.bytes)
    #expect(all.hasSuffix("\n") && !all.contains("  ") && !all.contains(" \n"))
    #expect(all.allSatisfy { $0 == " " || $0 == "\n" || ("a"..."z").contains($0) })
  }

  @Test func `A word of rank r comes up about 1/r times as often as the first`() {
    var counts: [String: Int] = [:]
    for word in words(2_000_000) { counts[word, default: 0] += 1 }
    let sorted = counts.values.sorted(by: >)
    // Within each power of two ranks are equally likely, so that only these can be compared.
    for rank in [1, 2, 4, 8] {
      let sum = sorted[(rank * 2 - 1)..<(rank * 4 - 1)].reduce(0, +)
      let expected = Double(sorted[0])
      #expect(abs(Double(sum) - expected) < expected / 10, "ranks from \(rank * 2)")
    }
    #expect(counts.count > 80_000)
  }
}
