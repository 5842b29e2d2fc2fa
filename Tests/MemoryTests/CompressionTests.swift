// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Memory

@Suite struct CompressionTests {
  static let formats = Compression.allCases.filter(\.isAvailable)

  /// A text as one frame, given in pieces.
  static func frame(
    _ text: [UInt8], _ compression: Compression, pieces: Int = .max
  ) throws -> [UInt8] {
    let compressor = try Compressor(compression)
    var target = ByteBuffer(capacity: 16)
    try append(text, compressor, pieces: pieces, to: &target)
    return Array(target.bytes)
  }

  private static func append(
    _ text: [UInt8], _ compressor: Compressor, pieces: Int, to target: inout ByteBuffer
  ) throws {
    var start = 0
    repeat {
      let end = start + min(pieces, text.count - start)
      try text.withBytes {
        try compressor.append($0[start..<end], isLast: end == text.count, to: &target)
      }
      start = end
    } while start < text.count
  }

  /// What comes of some frames, read through small pieces; nil where they end too early.
  static func expand(
    _ frames: [UInt8], _ compression: Compression, pieces: Int, room: Int
  ) throws -> [UInt8]? {
    let decompressor = try Decompressor(compression)
    var text = ByteBuffer(capacity: 16)
    var start = 0
    var end = 0
    return try frames.withBytes { bytes in
      while true {
        let before = decompressor.made
        let taken = try decompressor.append(bytes[start..<end], room: room, to: &text)
        start += taken
        if start == bytes.count, !decompressor.isInside { return Array(text.bytes) }
        if taken == 0, decompressor.made == before {
          if end == bytes.count { return nil }
          end = min(end + pieces, bytes.count)
        }
      }
    }
  }

  /// Texts that compress well, badly, and not at all.
  static func text(_ random: inout RandomSource, _ count: Int, kind: Int) -> [UInt8] {
    switch kind {
    case 0: [UInt8](repeating: 0x61, count: count)
    case 1: random.bytes(count, of: Array("ab \n".utf8))
    default: random.bytes(count)
    }
  }

  @Test(arguments: formats, [0, 1, 100, 70_000]) func `What was compressed comes back`(
    compression: Compression, count: Int
  ) throws {
    var random = RandomSource(count)
    for kind in 0...2 {
      let text = Self.text(&random, count, kind: kind)
      for pieces in [1, 1000, .max] where pieces > 1 || count < 1000 {
        let frame = try Self.frame(text, compression, pieces: pieces)
        for (step, room) in [(1, 1), (7, 3), (4096, 65_536)] where step > 1 || count < 1000 {
          #expect(try Self.expand(frame, compression, pieces: step, room: room) == text)
        }
      }
    }
  }

  @Test(arguments: formats) func `Frames stand one behind the other`(
    compression: Compression
  ) throws {
    var random = RandomSource(1)
    let compressor = try Compressor(compression)
    var frames = ByteBuffer(capacity: 16)
    var whole: [UInt8] = []
    for _ in 0..<20 {
      let text = Self.text(&random, random.number(0...3000), kind: random.number(0...2))
      whole += text
      try Self.append(text, compressor, pieces: random.number(1...4000), to: &frames)
    }
    let bytes = Array(frames.bytes)
    #expect(try Self.expand(bytes, compression, pieces: 11, room: 13) == whole)
    #expect(try Self.expand(bytes, compression, pieces: 50_000, room: 100_000) == whole)
  }

  @Test(arguments: formats) func `A text longer than what the library is given at once`(
    compression: Compression
  ) throws {
    var random = RandomSource(2)
    let line = random.bytes(997, of: Array("abc\n".utf8))
    let text = (0..<2300).flatMap { _ in line }
    let frame = try Self.frame(text, compression)
    #expect(frame.count < text.count / 2)
    #expect(try Self.expand(frame, compression, pieces: 65_536, room: 65_536) == text)
  }

  @Test(arguments: formats) func `Equal texts are equal frames, from a compressor of any age`(
    compression: Compression
  ) throws {
    var random = RandomSource(3)
    let text = Self.text(&random, 5000, kind: 1)
    let wanted = try Self.frame(text, compression)
    let compressor = try Compressor(compression)
    for _ in 0..<3 {
      var target = ByteBuffer(capacity: 16)
      try text.withBytes { try compressor.append($0, isLast: true, to: &target) }
      let isEqual = Array(target.bytes) == wanted
      #expect(isEqual)
    }
  }

  @Test(arguments: formats) func `A changed byte is an error, or changes nothing`(
    compression: Compression
  ) throws {
    var random = RandomSource(4)
    let text = Self.text(&random, 300, kind: 1) + Self.text(&random, 60, kind: 2)
    let frames = try Self.frame(text, compression) + Self.frame(text.reversed(), compression)
    var unnoticed = 0
    for place in frames.indices {
      for change in [1, 0x80, UInt8(random.number(1...255))] {
        var damaged = frames
        damaged[place] ^= change
        do {
          guard
            let found = try Self.expand(damaged, compression, pieces: 64, room: 4096)
          else { continue }
          #expect(found == text + text.reversed(), "byte \(place) ^ \(change)")
          unnoticed += 1
        } catch is Compression.Failure {}
      }
    }
    // Those of the header that say nothing of the text: a time, a system.
    #expect(unnoticed < 50)
  }

  @Test(arguments: formats) func `A frame that is cut anywhere never ends`(
    compression: Compression
  ) throws {
    var random = RandomSource(5)
    let text = Self.text(&random, 500, kind: 1)
    let frame = try Self.frame(text, compression)
    for count in 1..<frame.count {
      let part = Array(frame.prefix(count))
      #expect(try Self.expand(part, compression, pieces: 16, room: 64) == nil, "\(count) bytes")
    }
  }

  @Test(arguments: formats) func `What is no frame is an error`(compression: Compression) throws {
    let text = Array("these are only words".utf8)
    #expect(throws: Compression.Failure.self) {
      _ = try Self.expand(text, compression, pieces: 64, room: 64)
    }
    let behind = try Self.frame(text, compression) + text
    #expect(throws: Compression.Failure.self) {
      _ = try Self.expand(behind, compression, pieces: 64, room: 64)
    }
  }

  @Test func `The name of a file tells how it is compressed`() {
    #expect(Compression(path: "a/b.csv.gz") == .gzip)
    #expect(Compression(path: "b.zst") == .zstd)
    #expect(Compression(path: ".lz4") == .lz4)
    for path in ["gz", "a.gz/b", "a.GZ", "", "-", "a.zstd"] {
      #expect(Compression(path: path) == nil)
    }
    #expect(Compression.zstd.installation.contains("libzstd-dev"))
    #expect(Compression.gzip.check("x.gz") == "gzip -t x.gz")
  }

  @Test(arguments: formats.filter { $0 != .gzip }) func `A walk finds where frames begin`(
    compression: Compression
  ) throws {
    var random = RandomSource(6)
    var bytes: [UInt8] = []
    var starts: [Int] = []
    for kind in [0, 1, 2, 2, 1, 0] {
      starts.append(bytes.count)
      let text = Self.text(&random, random.number(0...300_000), kind: kind)
      bytes += try Self.frame(text, compression)
      if kind == 1 {
        // One that readers pass over.
        starts.append(bytes.count)
        bytes += [0x53, 0x2A, 0x4D, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]
      }
    }
    #expect(try walk(bytes, compression) == starts + [bytes.count])
    #expect(throws: ByteReader.Damaged.self) { _ = try walk(Array("no frame".utf8), compression) }
  }

  /// Where frames begin, and where the last one ends.
  private func walk(_ bytes: [UInt8], _ compression: Compression) throws -> [Int] {
    guard var walk = FrameWalk(compression) else { return [] }
    var starts = [0]
    return try bytes.withBytes { bytes in
      while walk.offset < bytes.count {
        let end = min(bytes.count, walk.offset + FrameWalk.headBytes)
        try walk.step(bytes[walk.offset..<end])
        if walk.isBetweenFrames { starts.append(walk.offset) }
      }
      return starts
    }
  }

  @Test func `Heads of frames have the lengths that their flags say`() throws {
    func head(
      _ bytes: [UInt8], _ read: (inout ByteReader) throws -> FrameWalk.Head
    ) throws -> [Int] {
      try (bytes + [UInt8](repeating: 0, count: 20)).withBytes { bytes in
        var reader = ByteReader(bytes)
        let head = try read(&reader)
        return [head.byteCount, head.blockTail, head.frameTail, head.hasBlocks ? 1 : 0]
      }
    }
    let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    // Descriptor, and the bytes of window, dictionary and content size that follow it.
    for (flags, length) in [(0x00, 1), (0x20, 1), (0x63, 6), (0x81, 6), (0xC2, 11), (0xE0, 8)] {
      for checksum in [0, 4] {
        let found = try head(zstd + [UInt8(flags | checksum)], ZstdFrames.head)
        #expect(found == [5 + length, 0, checksum, 1], "\(flags)")
      }
    }
    let lz4: [UInt8] = [0x04, 0x22, 0x4D, 0x18]
    for (flags, length) in [(0x40, 7), (0x60, 7), (0x48, 15), (0x41, 11), (0x49, 19)] {
      for (mark, block, frame) in [(0, 0, 0), (0x10, 4, 0), (0x04, 0, 4), (0x14, 4, 4)] {
        let found = try head(lz4 + [UInt8(flags | mark)], LZ4Frames.head)
        #expect(found == [length, block, frame, 1], "\(flags)")
      }
    }
    let skipped: [UInt8] = [0x5F, 0x2A, 0x4D, 0x18, 0, 1, 0, 0]
    #expect(try head(skipped, ZstdFrames.head) == [264, 0, 0, 0])
    #expect(try head(skipped, LZ4Frames.head) == [264, 0, 0, 0])
    for damaged in [zstd + [0x08], [0x02, 0x21, 0x4C, 0x18, 0], lz4 + [0x80]] {
      #expect(throws: ByteReader.Damaged.self) { _ = try head(damaged, ZstdFrames.head) }
      #expect(throws: ByteReader.Damaged.self) { _ = try head(damaged, LZ4Frames.head) }
    }
  }

  @Test func `Members of gzip have no lengths to walk by`() { #expect(FrameWalk(.gzip) == nil) }
}
