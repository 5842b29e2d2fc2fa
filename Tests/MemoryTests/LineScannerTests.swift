// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct LineScannerTests {
  private struct Line: Equatable {
    let start: Int
    let bytes: [UInt8]
  }

  private static func naive(_ text: [UInt8]) -> [Line] {
    var lines: [Line] = []
    var start = 0
    while start < text.count {
      let lineFeed = text[start...].firstIndex(of: 0x0A)
      var line = Array(text[start..<(lineFeed ?? text.count)])
      if lineFeed != nil, line.last == 0x0D { line.removeLast() }
      lines.append(Line(start: start, bytes: line))
      start = (lineFeed ?? text.count) + 1
    }
    return lines
  }

  private static func scan(_ text: [UInt8]) -> [Line] {
    text.withBytes { bytes in
      var scanner = LineScanner(bytes)
      var lines: [Line] = []
      while scanner.findNext() {
        lines.append(Line(start: scanner.start, bytes: Array(scanner.line)))
      }
      return lines
    }
  }

  @Test(arguments: 0..<40) func `Lines are those of a naive reader`(seed: Int) {
    var random = RandomSource(seed)
    for count in 0..<200 {
      // Line ends everywhere, or seldom.
      let others = [UInt8](repeating: 0x61, count: [1, 8, 60][seed % 3])
      let text = random.bytes(count, of: [0x0A, 0x0D, 0x8A, 0] + others)
      #expect(Self.scan(text) == Self.naive(text), "\(text)")
    }
  }

  @Test func `Batches hold all lines in turn, and records of a fixed size`() {
    let lines = (0..<300).map { Array("line \($0)".utf8) }
    Array(lines.joined(separator: [0x0A])).withBytes { bytes in
      var scanner = LineScanner(bytes)
      let batch = Batch<Bytes>(capacity: 128)
      var found: [[UInt8]] = []
      var sizes: [Int] = []
      while batch.take(&scanner) {
        sizes.append(batch.count)
        try? batch.forEachIndex { index in
          #expect(bytes[batch.record(index)] == UInt8(ascii: "l"))
        }
        try? batch.forEach { found.append(Array($0)) }
      }
      #expect(sizes == [128, 128, 44])
      #expect(found == lines)
    }
    let records = (0..<(3 * 300)).map { UInt8(truncatingIfNeeded: $0) }
    records.withBytes { bytes in
      let batch = Batch<Bytes>(capacity: 128)
      var start = 0
      var numbers: [Int] = []
      var found: [UInt8] = []
      while batch.take(bytes, width: 3, from: &start) {
        try? batch.forEachIndex { numbers.append(batch.record($0)) }
        try? batch.forEach { found += Array($0) }
      }
      #expect(numbers == (0..<300).map { $0 * 3 })
      #expect(found == records)
    }
  }
}
