// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct ByteBufferTests {
  private static var boundaries: [UInt64] {
    var numbers: Set<UInt64> = [0, .max]
    for bit in 0..<64 {
      let power = UInt64(1) << UInt64(bit)
      numbers.formUnion([power &- 1, power, power &+ 1])
    }
    return numbers.sorted()
  }

  @Test func `Varints read back at all boundaries, in their size`() throws {
    for number in Self.boundaries {
      var buffer = ByteBuffer(capacity: 1)
      buffer.appendVarint(number)
      let bytes = Array(buffer.bytes)
      #expect(bytes.count == varintSize(number))
      try bytes.withBytes {
        var reader = ByteReader($0)
        let read = try reader.varint()
        #expect(read == number && reader.isAtEnd)
      }
      for cut in 0..<bytes.count {
        #expect(throws: ByteReader.Damaged.self) {
          try Array(bytes[..<cut]).withBytes {
            var reader = ByteReader($0)
            _ = try reader.varint()
          }
        }
      }
    }
  }

  @Test func `A varint is the same whatever stands before and behind it`() throws {
    for number in Self.boundaries {
      var buffer = ByteBuffer(capacity: 1)
      buffer.appendVarint(number)
      let bytes = Array(buffer.bytes)
      for before in 0...9 {
        for behind in [[], [0x80], [0], [UInt8](repeating: 0xFF, count: 9)] {
          try ([UInt8](repeating: 0xFF, count: before) + bytes + behind).withBytes {
            var reader = ByteReader($0)
            _ = try reader.take(before)
            let read = try reader.varint()
            #expect(read == number && reader.remaining == behind.count)
          }
        }
      }
    }
  }

  @Test(arguments: [
    [UInt8](repeating: 0xFF, count: 9) + [0x02], [UInt8](repeating: 0x80, count: 10) + [0],
    [UInt8](repeating: 0xFF, count: 10) + [1],
  ])
  func `A varint of more than 64 bits is damaged`(bytes: [UInt8]) {
    #expect(throws: ByteReader.Damaged.self) {
      try bytes.withBytes {
        var reader = ByteReader($0)
        _ = try reader.varint()
      }
    }
  }

  @Test func `Decimals are those of the standard library`() {
    var numbers = Self.boundaries
    var power: UInt64 = 1
    for _ in 0..<19 {
      power *= 10
      numbers += [power - 1, power, power + 1]
    }
    for number in numbers {
      var buffer = ByteBuffer(capacity: 1)
      buffer.appendDecimal(number)
      let text = String(buffer.bytes)
      #expect(text == String(number))
    }
  }

  @Test func `Fixed numbers read back in both byte orders, and never from too few bytes`() throws {
    var buffer = ByteBuffer()
    buffer.appendBigEndian(0x0102_0304 as UInt32)
    buffer.appendLittleEndian(0x0102_0304 as UInt32)
    buffer.appendBigEndian(-2 as Int64)
    buffer.appendLittleEndian(Int128.min)
    let bytes = Array(buffer.bytes)
    #expect(Array(bytes[..<8]) == [1, 2, 3, 4, 4, 3, 2, 1])
    for cut in 0...bytes.count {
      let read = Array(bytes[..<cut]).withBytes { view -> Bool in
        var reader = ByteReader(view)
        do throws(ByteReader.Damaged) {
          let numbers = (
            try reader.bigEndian(UInt32.self), try reader.littleEndian(UInt32.self),
            try reader.bigEndian(Int64.self), try reader.littleEndian(Int128.self)
          )
          return numbers == (0x0102_0304, 0x0102_0304, -2, Int128.min)
        } catch { return false }
      }
      #expect(read == (cut == bytes.count))
    }
  }

  @Test func `A reader takes what is there and refuses the rest`() throws {
    var reader = ByteReader(Bytes("abc"))
    let first = try reader.byte()
    #expect(first == 0x61 && reader.remaining == 2)
    let taken = try reader.take(2)
    #expect(taken == Bytes("bc") && reader.isAtEnd)
    #expect(throws: ByteReader.Damaged.self) { _ = try reader.byte() }
    #expect(throws: ByteReader.Damaged.self) { _ = try reader.take(1) }
    #expect(throws: ByteReader.Damaged.self) { _ = try reader.take(-1) }
    let nothing = try reader.take(0)
    #expect(nothing.isEmpty)
  }

  @Test(arguments: [[5, 1, 2, 3, 4], [0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x80], []] as [[UInt8]])
  func `A length beyond the end is damaged`(bytes: [UInt8]) {
    #expect(throws: ByteReader.Damaged.self) {
      try bytes.withBytes {
        var reader = ByteReader($0)
        _ = try reader.length()
      }
    }
  }

  @Test(arguments: 0..<10) func `A growing buffer keeps what was written`(seed: Int) {
    var random = RandomSource(seed)
    var buffer = ByteBuffer(capacity: 1)
    var wanted: [UInt8] = []
    for _ in 0..<100 {
      let piece = random.bytes(random.number(0...80))
      switch random.number(0...5) {
      case 0:
        buffer.append(0x41 as UInt8)
        wanted.append(0x41)
      case 1:
        let count = random.number(0...wanted.count)
        buffer.truncate(to: count)
        wanted.removeLast(wanted.count - count)
      case 2:
        let start = random.number(0...min(wanted.count, 30))
        buffer.keepTail(from: start)
        wanted.removeFirst(start)
      case 3:
        buffer.append("grün")
        wanted += Array("grün".utf8)
      default:
        piece.withBytes { buffer.append($0) }
        wanted += piece
      }
      let held = Array(buffer.bytes)
      #expect(held == wanted)
    }
    buffer.removeAll()
    let isEmpty = buffer.bytes.isEmpty
    #expect(isEmpty)
  }
}
