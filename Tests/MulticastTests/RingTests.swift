// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import Multicast

@Suite struct RingTests {
  static let ringBytes = 512
  static let blockBytes = 1024

  let segment = Segment(byteCount: 4096 + 4096)
  var ring: SendRing
  var reader: RingReader

  init() {
    ring = SendRing(
      segment: segment.view, base: 1024, bytes: Self.ringBytes, blockBase: 4096,
      blockBytes: Self.blockBytes)
    reader = RingReader(segment: segment.view, base: 1024, bytes: Self.ringBytes)
  }

  @Test("an entry's word says what it is, and no other word does")
  func entryWords() {
    let entries: [RingEntry] = [
      .message(0), .message(1), .message(Limits.messageBytes), .nulls(1), .nulls(1 << 40),
      .blocks(0), .blocks(Limits.messageBytes), .skip,
    ]
    for entry in entries { #expect(RingEntry(word: entry.word) == entry) }
    for word: UInt64 in [0, 1, .max, 5 << 56, 1 << 56 | 1 << 31, 2 << 56, 2 << 56 | 1 << 50] {
      #expect(RingEntry(word: word) == nil, "\(word)")
    }
  }

  @Test("what goes into a ring comes out of it, in order, around its end, and no slot is overrun")
  mutating func roundTrips() throws {
    for seed in 1...60 {
      var random = RandomSource(seed)
      var under: [(number: Int, size: Int, isLarge: Bool)] = []
      var number = 0
      var freed: UInt64 = 0
      let suite = RingTests()
      var ring = suite.ring
      var reader = suite.reader
      for _ in 0..<2000 {
        if random.number(0...1) == 0 {
          let isLarge = random.number(0...3) == 0
          let size = random.number(0...(isLarge ? Self.blockBytes : 100))
          guard let place = isLarge ? ring.reserveBlocks(size) : ring.reserve(size) else {
            continue
          }
          for offset in 0..<size {
            suite.segment.writeByte(UInt8(truncatingIfNeeded: number), at: place + offset)
          }
          if isLarge { ring.commitBlocks(size) } else { ring.commit(size) }
          under.append((number, size, isLarge))
          number += 1
        } else if let first = under.first {
          let entry = try #require(try reader.next(before: ring.position))
          #expect(entry == (first.isLarge ? .blocks(first.size) : .message(first.size)))
          let start =
            first.isLarge
            ? 4096 + Int(suite.segment.word(reader.place + 8)) : reader.place + 8
          let bytes = suite.segment.bytes(start, first.size)
          let filling = UInt8(truncatingIfNeeded: first.number)
          #expect(bytes.allSatisfy { $0 == filling }, "seed \(seed)")
          reader.pass(entry)
          under.removeFirst()
          freed += 1
          ring.free(freed)
        }
      }
      #expect(number > 200, "seed \(seed): the ring stood still")
    }
  }

  @Test("a message that is as large as its ring of blocks goes through it, again and again")
  mutating func wholeRing() throws {
    for count in 1...5 as ClosedRange<UInt64> {
      #expect(ring.reserveBlocks(Self.blockBytes) == 4096)
      ring.commitBlocks(Self.blockBytes)
      #expect(ring.reserveBlocks(1) == nil)
      ring.free(count)
    }
  }

  @Test("no bytes in a ring make its reader go past the tail, or trap")
  mutating func damage() {
    var random = RandomSource(3)
    var entries = 0
    var damaged = 0
    for _ in 0..<50_000 {
      let suite = RingTests()
      let kind = UInt64(random.number(0...5))
      for word in 0..<Self.ringBytes / 8 {
        let size = UInt64(random.number(0...80))
        let entry = random.number(0...2) == 0 ? random.next() : kind << 56 | size
        suite.segment.writeWord(entry, at: 1024 + 8 * word)
      }
      var reader = suite.reader
      let tail = UInt64(random.number(0...600))
      do {
        while let entry = try reader.next(before: tail) {
          reader.pass(entry)
          #expect(reader.position <= tail)
          entries += 1
        }
      } catch {
        damaged += 1
      }
    }
    #expect(entries > 1000 && damaged > 1000)
  }
}
