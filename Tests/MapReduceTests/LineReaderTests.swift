// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct LineReaderTests {
  /// The lines of a whole file, one byte after the other.
  static func naiveLines(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
    if lines.last == [] { lines.removeLast() }
    return lines.enumerated().map { index, line in
      line.last == 0x0D ? Array(line.dropLast()) : line
    }
  }

  private func lines(_ range: FileRange, _ reader: LineReader) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    try reader.read(range) { chunk, place in
      #expect(place.path == range.file.path)
      #expect(place.offset >= range.range.lowerBound)
      _ = try forEachLine(Chunk(.lines(chunk), branch: 0, broadcasts: .none)) { line, _ in
        found.append(Array(line))
      }
      return true
    }
    return found
  }

  /// Where each line begins.
  private func starts(_ bytes: [UInt8]) -> [Int] {
    var starts = bytes.isEmpty ? [] : [0]
    for (index, byte) in bytes.enumerated() where byte == 0x0A && index + 1 < bytes.count {
      starts.append(index + 1)
    }
    return starts
  }

  @Test(arguments: 0..<30) func `A line belongs to the range where it begins`(seed: Int) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(seed)
    let alphabets: [[UInt8]] = [
      [0x0A, 0x61], [0x0A, 0x0D, 0x61, 0, 0xFF], [0x61, 0x61, 0x61, 0x0A, 0x62],
    ]
    var bytes = random.bytes(random.number(1...80), of: alphabets[seed % 3])
    if bytes.last == 0x0D { bytes.append(0x0A) }
    let path = try directory.write("file", bytes)
    let file = InputFile(path: path, size: bytes.count, isStream: false)
    let whole = Self.naiveLines(bytes)
    let starts = starts(bytes)
    let reader = LineReader()
    for lower in 0..<bytes.count {
      for upper in (lower + 1)...bytes.count {
        let wanted = zip(starts, whole).filter { (lower..<upper).contains($0.0) }.map(\.1)
        let found = try lines(FileRange(file: file, range: lower..<upper), reader)
        #expect(found == wanted, "\(lower)..<\(upper)")
      }
    }
  }

  @Test(arguments: [0, 1, 2]) func `Ranges of files larger than a buffer put together are the file`(
    kind: Int
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(kind)
    var bytes: [UInt8] = []
    while bytes.count < 3 * Limits.readBytes {
      // Some lines are longer than a buffer, and some fill it to its end.
      let length =
        kind == 0 ? 40_000 : kind == 1 ? random.number(0...3) * 300_000 : Limits.readBytes - 1
      bytes += [UInt8](repeating: UInt8(0x61 + bytes.count % 26), count: length)
      bytes.append(0x0A)
    }
    if kind == 1 { bytes += [0x7A, 0x7A] }
    let path = try directory.write("file", bytes)
    let file = InputFile(path: path, size: bytes.count, isStream: false)
    let whole = Self.naiveLines(bytes)
    for step in [bytes.count, Limits.readBytes, Limits.readBytes + 1, 100_003] {
      let reader = LineReader()
      var found: [[UInt8]] = []
      for lower in stride(from: 0, to: bytes.count, by: step) {
        let range = lower..<min(bytes.count, lower + step)
        found += try lines(FileRange(file: file, range: range), reader)
      }
      #expect(found == whole)
    }
  }

  @Test func `A reader stops where it is told to`() throws {
    let directory = try TemporaryDirectory()
    let text = String(repeating: "line\n", count: 200_000)
    let path = try directory.write("file", text)
    let file = InputFile(path: path, size: text.utf8.count, isStream: false)
    var chunks = 0
    try LineReader().read(FileRange(file: file, range: 0..<file.size)) { _, _ in
      chunks += 1
      return false
    }
    #expect(chunks == 1)
  }

  @Test func `Lines are numbered from one`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", "a\n\nccc\nd")
    for (offset, line) in [(0, 1), (2, 2), (3, 3), (7, 4)] {
      #expect(LineReader.lineNumber(path, at: offset) == line)
    }
    #expect(LineReader.lineNumber(path, at: 99) == nil)
    #expect(LineReader.lineNumber(directory.path + "/none", at: 0) == nil)
  }

  @Test func `A pipe is not opened again to number its lines`() async {
    // Opening a pipe that nobody writes to would wait for ever: the alarm ends that.
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      let pipe = directory.path + "/pipe"
      try #require(unsafe mkfifo(pipe, 0o600) == 0)
      alarm(20)
      #expect(LineReader.lineNumber(pipe, at: 3) == nil)
      alarm(0)
    }
  }

  @Test(arguments: 0..<40) func `Splits cover all files, and grow with their place`(seed: Int) {
    var random = RandomSource(seed)
    let most = seed % 2 == 0 ? 1 << 20 : 1 << 30
    let files = (0..<random.number(0...9)).map {
      InputFile(
        path: "\($0)", size: random.number(0...5) == 0 ? 0 : random.number(1...most),
        isStream: false)
    }
    let splits = Splits.pack(files)
    let sizes = splits.map { $0.reduce(0) { $0 + $1.range.count } }
    let total = files.reduce(0) { $0 + $1.size }
    #expect(sizes.reduce(0, +) == total)
    var start = 0
    for size in sizes.dropLast() {
      #expect(size == min(max(start / 16, 256 << 10), 16 << 20))
      start += size
    }
    var position: [String: Int] = [:]
    var order: [String] = []
    for range in splits.joined() {
      #expect(range.range.lowerBound == position[range.file.path, default: 0])
      #expect(!range.range.isEmpty)
      position[range.file.path] = range.range.upperBound
      if order.last != range.file.path { order.append(range.file.path) }
    }
    #expect(order == files.filter { $0.size > 0 }.map(\.path))
    for file in files { #expect(position[file.path, default: 0] == file.size) }
  }

  @Test(arguments: [0, 1, 63, 64, 65, 1000]) func `Values are cut into ranges that cover them`(
    count: Int
  ) {
    let ranges = Splits.values(count: count)
    #expect(ranges.flatMap { Array($0) } == Array(0..<count))
    #expect(ranges.count == min(count, Limits.splitsWanted))
    #expect(ranges.allSatisfy { !$0.isEmpty })
  }
}
