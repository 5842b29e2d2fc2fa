// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import Exchange

@Suite struct CutTests {
  /// Where rows begin, found one byte after the other.
  private func starts(_ bytes: [UInt8]) -> [Int] {
    var isQuoted = false
    return bytes.indices.compactMap { index in
      if bytes[index] == 0x22 { isQuoted.toggle() }
      return bytes[index] == 0x0A && !isQuoted ? index + 1 : nil
    }
  }

  private func cuts(_ bytes: [UInt8], spacing: Int, pieces: ClosedRange<Int>, _ seed: Int) -> [Int]
  {
    var random = RandomSource(seed)
    var finder = CutFinder { _ in spacing }
    var found: [Int] = []
    var position = 0
    while position < bytes.count {
      let count = min(bytes.count - position, random.number(pieces))
      bytes.withBytes { finder.look(at: $0[position..<position + count], &found) }
      position += count
    }
    return found
  }

  @Test(arguments: 0..<80) func `Cuts are rows' beginnings, whatever pieces the text comes in`(
    seed: Int
  ) {
    var random = RandomSource(seed)
    let alphabet: [UInt8] =
      seed % 2 == 0 ? [0x0A, 0x22, 0x61] : [0x0A, 0x22, 0x61, 0x62, 0x2C, 0x0D]
    let bytes = random.bytes(random.number(1...400), of: alphabet)
    let starts = starts(bytes)
    for spacing in [1, 2, 7, 50, 1000] {
      var wanted: [Int] = []
      for start in starts where start >= (wanted.last ?? 0) + spacing { wanted.append(start) }
      for pieces in [1...1, 1...5, 64...64, 1000...1000] {
        #expect(cuts(bytes, spacing: spacing, pieces: pieces, seed) == wanted)
      }
    }
  }

  @Test(arguments: 0..<40) func `Splits begin at cuts alone, and cover all files`(seed: Int) {
    var random = RandomSource(seed)
    let files = (0..<random.number(1...6)).map { index in
      let size = random.number(0...(8 << 20))
      var offsets: [Int] = []
      while let next = Optional((offsets.last ?? 0) + random.number(1...900_000)), next < size {
        offsets.append(next)
      }
      let width = random.number(1...1000)
      let cuts: [Cuts] = [.anywhere, .at(offsets), .every(width), .at([])]
      let isEvery = index % 4 == 2
      return InputFile(
        path: "\(index)", size: isEvery ? size / width * width : size, isStream: false,
        cuts: cuts[index % 4])
    }
    var position: [String: Int] = [:]
    for range in Splits.pack(files).joined() {
      let start = range.range.lowerBound
      #expect(start == position[range.file.path, default: 0])
      position[range.file.path] = range.range.upperBound
      #expect(range.file.cuts == .anywhere)
      guard let file = files.first(where: { $0.path == range.file.path }), start > 0 else {
        continue
      }
      switch file.cuts {
      case .anywhere: break
      case .every(let width): #expect(start % width == 0)
      case .at(let offsets): #expect(offsets.contains(start))
      }
    }
    for file in files { #expect(position[file.path, default: 0] == file.size) }
  }

  @Test func `Files and formats are read back as they were written`() throws {
    let cuts: [Cuts] = [.anywhere, .every(7), .at([]), .at([1, 300, 1 << 40])]
    let formats: [FileFormat] = [
      .lines, .jsonl, .records(bytes: 12),
      .csv(CSVFormat(RowSyntax(separator: 0x3B, hasQuotedLineEnds: true), hasHeader: false)),
      .csv(CSVFormat(RowSyntax(separator: 0x09, hasQuotedLineEnds: false), hasHeader: true)),
    ]
    var buffer = ByteBuffer()
    let files = cuts.map { InputFile(path: "p", size: 1 << 41, isStream: false, cuts: $0) }
    for file in files { buffer.append(file) }
    for format in formats { buffer.append(format) }
    var reader = ByteReader(buffer.bytes)
    for file in files { #expect(try reader.inputFile() == file) }
    for format in formats { #expect(try reader.fileFormat() == format) }
    #expect(reader.isAtEnd)
  }

  @Test(arguments: [[4, 2, 0, 5], [4, 1, 0], [2, 0], [6]] as [[UInt8]])
  func `Damaged cuts are refused`(bytes: [UInt8]) {
    var buffer = ByteBuffer()
    buffer.append(counted: "p")
    buffer.appendVarint(9)
    bytes.withBytes { buffer.append($0) }
    #expect(throws: ByteReader.Damaged.self) {
      var reader = ByteReader(buffer.bytes)
      _ = try reader.inputFile()
    }
  }
}
