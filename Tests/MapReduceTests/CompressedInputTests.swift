// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct CompressedInputTests {
  static let formats = Compression.allCases.filter(\.isAvailable)
  static let framed = formats.filter { $0 != .gzip }

  /// Texts as frames of their own, one behind the other, and where each begins.
  static func frames(
    _ texts: [[UInt8]], _ compression: Compression
  ) throws -> (bytes: [UInt8], starts: [Int]) {
    let compressor = try Compressor(compression)
    var target = ByteBuffer(capacity: 1 << 16)
    var starts: [Int] = []
    for text in texts {
      starts.append(target.count)
      try text.withBytes { try compressor.append($0, isLast: true, to: &target) }
    }
    return (Array(target.bytes), starts)
  }

  private func lines(_ paths: [String], threads: Int = 2) throws -> [[UInt8]] {
    try run(threads: threads) { flow in flow.read(.lines(paths)).write(.result("result")) }
      .keys(as: [UInt8].self)
  }

  private func lines(_ range: FileRange, _ reader: LineReader) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    try reader.read(range) { chunk, place in
      #expect(place.frame == range.range.lowerBound)
      _ = try forEachLine(Chunk(.lines(chunk), branch: 0, broadcasts: .none)) { line, _ in
        found.append(Array(line))
      }
      return true
    }
    return found
  }

  @Test(arguments: framed) func `A line belongs to one range, wherever frames are cut`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    let reader = LineReader()
    for text in ["ab\n\ncde\nf", "\n\n\n", "abcdef", "a\r\nb\n", "x\nyy\nzzz\n"] {
      let bytes = Array(text.utf8)
      let whole = LineReaderTests.naiveLines(bytes)
      for first in 0...bytes.count {
        for second in first...bytes.count {
          let parts = [0..<first, first..<second, second..<bytes.count].map { Array(bytes[$0]) }
          let (compressed, starts) = try Self.frames(parts, compression)
          let path = directory.path + "/\(first)-\(second).\(compression.fileExtension)"
          try directory.write(String(path.split(separator: "/").last ?? ""), compressed)
          let file = InputFile(path: path, size: compressed.count, isStream: false)
          for borders in [starts, [0, starts[1]], [0, starts[2]], [0]] {
            let ends = borders.dropFirst() + [compressed.count]
            let found = try zip(borders, ends).flatMap { lower, upper in
              try lines(FileRange(file: file, range: lower..<upper), reader)
            }
            #expect(found == whole, "\(text) \(first) \(second) \(borders)")
          }
        }
      }
    }
  }

  /// Bytes that are no line end and hardly compress.
  static func letters(_ random: inout RandomSource, _ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      var word = random.next() & 0x3F3F_3F3F_3F3F_3F3F | 0x4040_4040_4040_4040
      unsafe withUnsafeBytes(of: &word) { unsafe bytes.append(contentsOf: $0) }
    }
    bytes.removeLast(bytes.count - count)
    return bytes
  }

  /// More text than several splits, whose lines lie across all kinds of borders.
  private static func largeText(_ seed: Int) -> [UInt8] {
    var random = RandomSource(seed)
    let letters = letters(&random, 4 << 20)
    var text: [UInt8] = []
    var start = 0
    while start < letters.count {
      // Some lines are longer than a frame.
      let length = random.number(0...150) == 0 ? 700_000 : random.number(0...6000)
      let end = min(letters.count, start + length)
      text += letters[start..<end]
      text.append(0x0A)
      start = end
    }
    return text + Array("the end".utf8)
  }

  @Test func `A text is the same input however it is compressed`() throws {
    let directory = try TemporaryDirectory()
    let text = Self.largeText(7)
    let plain = try lines([try directory.write("plain", text)])
    #expect(plain == LineReaderTests.naiveLines(text))
    for compression in Self.formats {
      for pieces in [text.count, 300_001, 1 << 20] {
        let texts = stride(from: 0, to: text.count, by: pieces).map {
          Array(text[$0..<min(text.count, $0 + pieces)])
        }
        let bytes = try Self.frames(texts, compression).bytes
        let path = try directory.write("\(pieces).\(compression.fileExtension)", bytes)
        let splits = Splits.pack(try listed(path)).count
        let isDivided = compression != .gzip && pieces < text.count
        #expect(isDivided ? splits > 2 : splits == 1, "\(path)")
        for threads in pieces == 300_001 ? [1, 3] : [2] {
          let isEqual = try lines([path], threads: threads) == plain
          #expect(isEqual, "\(path), \(threads) threads")
        }
      }
    }
  }

  @Test(arguments: formats) func `Small files and plain ones stand side by side`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    let compressed = try Self.frames([Array("b\nc".utf8)], compression).bytes
    let path = try directory.write("b.\(compression.fileExtension)", compressed)
    let a = try directory.write("a.txt", "a\n")
    let none = try directory.write(
      "none.\(compression.fileExtension)", try Self.frames([[]], compression).bytes)
    let wanted = ["a", "b", "c", "b", "c"].map { Array($0.utf8) }
    #expect(try lines([a, none, path, path]) == wanted)
    #expect(try lines([directory.path]) == ["a", "b", "c"].map { Array($0.utf8) })
  }

  @Test(arguments: formats) func `A file that is damaged or cut is an error that says so`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(8)
    let text = random.bytes(3000, of: Array("abc\n".utf8))
    let bytes = try Self.frames([text, text], compression).bytes
    let name = "file.\(compression.fileExtension)"
    var damaged = [Array(bytes.prefix(bytes.count - 1)), Array(bytes.prefix(3)), [], bytes + [7]]
    var middle = bytes
    middle[bytes.count / 2 - 20] ^= 0x55
    damaged.append(middle)
    damaged.append(Array("only words\n".utf8))
    for bytes in damaged {
      let path = try directory.write(name, bytes)
      let error = #expect(throws: JobError.self) { _ = try lines([path]) }
      #expect(error?.code == .badInput)
      #expect(error?.message.contains(path) == true && error?.message.contains("byte") == true)
      #expect(error?.advice?.contains(compression.check(path)) == true)
    }
  }

  @Test(arguments: framed) func `A file of many frames that is cut is an error at once`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(9)
    let text = Self.letters(&random, 400_000)
    let bytes = try Self.frames([text, text, text, text], compression).bytes
    for damaged in [Array(bytes.dropLast()), Array(bytes.dropLast(5)), bytes + [1, 2, 3]] {
      let path = try directory.write("file.\(compression.fileExtension)", damaged)
      let error = #expect(throws: JobError.self) { _ = try listed(path) }
      #expect(error?.code == .badInput && error?.message.contains(path) == true)
    }
  }

  @Test(arguments: framed, 0..<40) func `Whatever is damaged, no range shows other lines`(
    compression: Compression, seed: Int
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(seed)
    let texts = (0..<3).map { _ in random.bytes(random.number(0...400), of: Array("ab\n".utf8)) }
    let whole = LineReaderTests.naiveLines(Array(texts.joined()))
    let (bytes, starts) = try Self.frames(texts, compression)
    let damaged = random.damaged(bytes)
    let path = try directory.write("file.\(compression.fileExtension)", damaged)
    let file = InputFile(path: path, size: damaged.count, isStream: false)
    let borders = starts.filter { $0 < damaged.count }
    var found: [[UInt8]]? = []
    for (lower, upper) in zip(borders, borders.dropFirst() + [damaged.count]) {
      do {
        found? += try lines(FileRange(file: file, range: lower..<upper), LineReader())
      } catch let error as JobError {
        #expect(error.code == .badInput && error.message.contains(path))
        found = nil
      }
    }
    // A file that was cut between two frames is whole.
    let isWhole = found == nil || found == whole || starts.contains(damaged.count)
    #expect(isWhole, "seed \(seed)")
  }

  @Test(arguments: formats) func `An error names the line of the text`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(10)
    // A third of a MiB each, so that the line is in a later split.
    let texts = (0..<12).map { frame in
      let line = { (_: Int) in Self.letters(&random, 199) + [0x0A] }
      return (0..<2500).flatMap(line) + Array("frame \(frame)\n".utf8)
    }
    let bytes = try Self.frames(texts, compression).bytes
    let path = try directory.write("file.\(compression.fileExtension)", bytes)
    struct Found: Error {}
    for (word, line) in [("frame 0", 2501), ("frame 11", 12 * 2501)] {
      let error = #expect(throws: JobError.self) {
        _ = try run { flow in
          flow.read(.lines(path)).map { line in
            if line == Array(word.utf8).withBytes({ $0 }) { throw Found() }
            return line.count
          }.keyed { ($0, 1) }.reduce(+).write(.result("result"))
        }
      }
      #expect(error?.record?.hasPrefix("\(path):\(line)  ") == true, "\(error?.record ?? "")")
    }
  }

  @Test func `What one thread has to read alone is told`() throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(11)
    let text = Self.letters(&random, 2 * Limits.frameSpacing)
    let path = try directory.write("big.gz", try Self.frames([text], .gzip).bytes)
    let small = try directory.write("small.gz", try Self.frames([[1]], .gzip).bytes)
    let plan = try Plan(
      PlannedJob { flow in flow.read(.lines([small, path, "none"])).write(.result("result")) })
    #expect(plan.undividedInputs == ["\(path) (gzip: one split)"])
  }

  @Test(arguments: 0..<20) func `Files are cut where they may be`(seed: Int) throws {
    var random = RandomSource(seed)
    var cuts: [Int] = []
    while cuts.count < 40 { cuts.append((cuts.last ?? 0) + random.number(1...(2 << 20))) }
    let size = (cuts.last ?? 0) + 1000
    let file = InputFile(path: "x.zst", size: size, isStream: false, cuts: .at(cuts))
    let plain = InputFile(path: "x", size: 1_000_000, isStream: false)
    let splits = Splits.pack([plain, file, plain])
    let ranges = splits.joined().filter { $0.file.path == "x.zst" }
    #expect(ranges.first?.range.lowerBound == 0 && ranges.last?.range.upperBound == size)
    for (one, next) in zip(ranges, ranges.dropFirst()) {
      #expect(one.range.upperBound == next.range.lowerBound)
      #expect(cuts.contains(one.range.upperBound))
    }
    #expect(ranges.allSatisfy { $0.file.cuts == .anywhere })
    var encoded = ByteBuffer(capacity: 64)
    encoded.append(file)
    var reader = ByteReader(encoded.bytes)
    #expect(try reader.inputFile() == file)
    #expect(reader.isAtEnd)
  }
}

/// The files of a path as they are found for a source of lines.
func listed(_ path: String) throws -> [InputFile] {
  try InputFiles.resolve([path]).map { try InputFiles.cut($0, .anywhere) {} }
}
