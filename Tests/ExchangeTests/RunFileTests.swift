// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@Suite struct RunFileTests {
  private func frames(_ count: Int, isCompressible: Bool) -> [UInt8] {
    var random = RandomSource(count)
    var buffer = ByteBuffer()
    for number in 0..<count {
      let key = isCompressible ? Array("the same key".utf8) : random.bytes(6)
      key.withBytes { key in
        Array("\(number)".utf8).withBytes { buffer.appendFrame(key: key, value: $0) }
      }
    }
    return Array(buffer.bytes)
  }

  private func block(_ frames: [UInt8], _ records: Int) -> [UInt8] {
    var buffer = ByteBuffer()
    frames.withBytes { RunFile.encodeBlock($0, records: records, to: &buffer) }
    return Array(buffer.bytes)
  }

  private func decoded(_ block: [UInt8]) throws -> (frames: [UInt8], records: Int) {
    try block.withBytes { view in
      let header = try RunFile.blockHeader(view)
      var frames = ByteBuffer()
      try RunFile.decodeBlock(header, view[RunFile.blockHeaderBytes...], to: &frames)
      return (Array(frames.bytes), header.records)
    }
  }

  @Test(arguments: [(0, false), (1, false), (9, false), (9, true), (3000, true), (3000, false)])
  func `A block reads back`(count: Int, isCompressible: Bool) throws {
    let raw = frames(count, isCompressible: isCompressible)
    let stored = block(raw, count)
    let read = try decoded(stored)
    #expect(read.frames == raw && read.records == count)
    if isCompressible && BlockCodec.isAvailable { #expect(stored.count < raw.count) }
    for cut in stride(from: 0, to: stored.count, by: max(1, stored.count / 50)) {
      #expect(throws: ByteReader.Damaged.self) { _ = try decoded(Array(stored[..<cut])) }
    }
  }

  @Test(arguments: [true, false]) func `Every flipped bit of a block is detected`(
    isCompressible: Bool
  ) throws {
    let stored = block(frames(9, isCompressible: isCompressible), 9)
    // Places in the block, as byte and bit, whose change nobody notices.
    var unnoticed: [String] = []
    for index in stored.indices {
      for bit in 0..<8 as Range<UInt8> {
        var damaged = stored
        damaged[index] ^= 1 << bit
        if (try? decoded(damaged)) != nil { unnoticed.append("\(index).\(bit)") }
      }
    }
    #expect(unnoticed == [])
  }

  private static let schemas: [ResultSchema] = [
    ResultSchema(
      key: .bytes, value: .integer(bits: 64, isSigned: true), shape: .pairs, order: .key),
    ResultSchema(
      key: .tuple([.string, .double]), value: .optional(.array(.tagged)), shape: .values,
      order: .rank),
    ResultSchema(key: .string, value: .nothing, shape: .keys, order: .input),
  ]

  @Test(arguments: schemas) func `A header reads back, and nothing less is one`(
    schema: ResultSchema
  ) throws {
    var buffer = ByteBuffer()
    RunFile.encodeHeader(name: "word-count_1.x", schema, to: &buffer)
    let bytes = Array(buffer.bytes)
    try (bytes + [1, 2, 3]).withBytes {
      var reader = ByteReader($0)
      let read = try RunFile.decodeHeader(&reader)
      #expect(read.name == "word-count_1.x" && read.schema == schema)
      #expect(reader.remaining == 3)
    }
    for cut in 0..<bytes.count {
      #expect(throws: ByteReader.Damaged.self) {
        try Array(bytes[..<cut]).withBytes {
          var reader = ByteReader($0)
          _ = try RunFile.decodeHeader(&reader)
        }
      }
    }
  }

  @Test func `How records were spread is told by a header, and spreads them so again`() throws {
    let counts = [3, 0, 2, 0, 4, 0]
    for spread in [RunSpread.one, .hash, .ranges(counts)] {
      var buffer = ByteBuffer()
      RunFile.encodeHeader(name: "r", Self.schemas[0], spread: spread, to: &buffer)
      var reader = ByteReader(buffer.bytes)
      #expect(try RunFile.decodeHeader(&reader).spread == spread)
    }
    var ranges = RunSpread.Cursor(.ranges(counts))
    // What should not be there goes behind the rest.
    #expect((0..<11).map { _ in ranges.next(Bytes("")) } == [0, 0, 0, 2, 2, 4, 4, 4, 4, 5, 5])
    var hash = RunSpread.Cursor(.hash)
    for key in ["a", "b", "another"] {
      Array(key.utf8).withBytes { #expect(hash.next($0) == stablePartition($0, mask: 31)) }
    }
  }

  private static let tooMany = Array(repeating: "1", count: 33).joined(separator: ",")

  @Test(arguments: ["", "hush", "1,2,", "-1", "1,x", "1125899906842624", tooMany])
  func `A header with a spread that cannot be is damaged`(spread: String) {
    let text = "name=r;shape=pairs;order=key;key=bytes;value=bytes;spread=\(spread)"
    var buffer = ByteBuffer()
    buffer.append("MAPREDR1")
    buffer.appendLittleEndian(UInt32(text.utf8.count))
    buffer.append(text)
    #expect(throws: ByteReader.Damaged.self) {
      var reader = ByteReader(buffer.bytes)
      _ = try RunFile.decodeHeader(&reader)
    }
  }

  @Test(arguments: [0, 1, 200]) func `Index and footer read back`(count: Int) throws {
    var random = RandomSource(count)
    let index = (0..<count).map {
      RunFile.IndexEntry(at: $0 * 1000, records: $0, firstKey: random.bytes(random.number(0...20)))
    }
    var buffer = ByteBuffer()
    RunFile.encodeEnd(
      index, at: 7777, records: 55, digest: 0xABCD, header: Bytes("header"), to: &buffer)
    let bytes = Array(buffer.bytes)
    try bytes.withBytes { view in
      let cut = view.count - RunFile.footerBytes
      let footer = try RunFile.decodeFooter(view[cut...])
      #expect(footer.indexOffset == 7777 && footer.records == 55 && footer.digest == 0xABCD)
      let read = try RunFile.decodeIndex(view[..<cut], footer)
      #expect(read.map(\.offset) == index.map(\.offset))
      #expect(read.map(\.records) == index.map(\.records))
      #expect(read.map(\.firstKey) == index.map(\.firstKey))
    }
    var unnoticed: [Int] = []
    for place in bytes.indices {
      var damaged = bytes
      damaged[place] ^= 0x10
      if (try? checkedEnd(damaged, header: Bytes("header"))) != nil { unnoticed.append(place) }
    }
    #expect(unnoticed == [])
    #expect(try checkedEnd(bytes, header: Bytes("header")) == count)
    #expect(throws: ByteReader.Damaged.self) { _ = try checkedEnd(bytes, header: Bytes("headeR")) }
  }

  /// Reads index and footer with all checks; returns how many entries there are.
  private func checkedEnd(_ bytes: [UInt8], header: Bytes) throws -> Int {
    try bytes.withBytes { view in
      let cut = view.count - RunFile.footerBytes
      let footer = try RunFile.decodeFooter(view[cut...])
      try RunFile.checkEnds(header: header, footer: view[cut...], footer)
      return try RunFile.decodeIndex(view[..<cut], footer).count
    }
  }
}
