// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import TestSupport
import Testing
import Vocabulary

/// The pure parts of verbs, against dumb second versions.
@Suite struct VerbsQueueTests {
  @Test("chunks of a push cover it once, in order, cut between cells, none too long")
  func chunks() {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    for _ in 0..<2_000 {
      let offset = random.number(0...500)
      let count = random.number(0...3_000)
      let bytesMaximum = 8 * random.number(1...100)
      var expected: [Range<Int>] = []
      for byte in offset..<(offset + count) {
        let isCut = expected.last.map { last in
          byte % 8 == 0 && byte - (last.lowerBound & ~7) >= bytesMaximum
        }
        if isCut ?? true {
          expected.append(byte..<(byte + 1))
        } else {
          expected[expected.count - 1] = expected[expected.count - 1].lowerBound..<(byte + 1)
        }
      }
      let chunks = Array(
        WriteChunks(offset: offset, byteCount: count, bytesMaximum: bytesMaximum))
      #expect(chunks == expected, "\(offset) + \(count) by \(bytesMaximum), seed \(runSeed)")
      #expect(chunks.allSatisfy { $0.count <= bytesMaximum })
    }
  }

  @Test("copies of all members lie one behind the other, at the same places everywhere")
  func layout() throws {
    let plans = (0..<3).map { index in
      var segment = SegmentPlan()
      segment.add(
        "cells", byteCount: 5_000 * (index + 1), kind: .cells, writers: RankSet([Rank(index)]),
        holders: RankSet(first: 3))
      return segment
    }
    let layout = CopyLayout(try GroupPlan(plans))
    #expect(layout.offsets == [0, 8192, 8192 + 12_288])
    #expect(layout.byteCount == 8192 + 12_288 + 16_384)
    #expect(layout.place(Rank(2), 24) == 8192 + 12_288 + 24)
  }

  @Test("a full queue always holds a request that says when it is done")
  func window() {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    for depth in [1, 2, 3, 5, 16, 128] {
      var window = SendWindow(depth: depth)
      // Requests on their way: number, and whether it is signalled.
      var onTheWay: [(number: UInt64, isSignaled: Bool)] = []
      for _ in 0..<5_000 {
        #expect(window.free == depth - onTheWay.count)
        if window.free > 0, random.number(0...2) > 0 {
          let wants = random.number(0...20) == 0
          let posted = window.post(mustSignal: wants)
          #expect(!wants || posted.isSignaled)
          #expect(posted.number == (onTheWay.last?.number).map { $0 + 1 } ?? posted.number)
          onTheWay.append(posted)
        } else if let place = onTheWay.firstIndex(where: { $0.isSignaled }) {
          // Only a signalled request is heard of; the device then is done with all before it.
          let number = onTheWay[place].number
          #expect(window.complete(low: UInt32(truncatingIfNeeded: number)) == number)
          onTheWay.removeFirst(place + 1)
        }
        #expect(
          window.free > 0 || onTheWay.contains { $0.isSignaled }, "stuck, seed \(runSeed)")
      }
    }
  }

  @Test("numbers of requests go on past 32 bits")
  func numbers() {
    for low in [0, 1, UInt32.max] {
      for isReceive in [false, true] {
        let name = RequestName(70_000, isReceive: isReceive, low)
        let read = RequestName(bits: name.bits)
        #expect(read.connection == 70_000)
        #expect(read.isReceive == isReceive)
        #expect(read.low == low)
      }
    }
  }

  @Test("pieces of the staging ring never overlap, and an empty ring has room")
  func staging() {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    var ring = StagingRing(capacity: 1024)
    var live: [(bytes: Range<Int>, mark: UInt64)] = []
    for _ in 0..<20_000 {
      let count = random.number(1...512)
      if let place = ring.take(count) {
        #expect(place % 8 == 0 && place >= 0 && place + count <= 1024)
        let bytes = place..<(place + count)
        #expect(!live.contains { $0.bytes.overlaps(bytes) }, "seed \(runSeed)")
        live.append((bytes, ring.taken))
      } else {
        #expect(!live.isEmpty, "an empty ring has no room for \(count), seed \(runSeed)")
      }
      if random.number(0...1) == 0, !live.isEmpty {
        let place = random.number(0...(live.count - 1))
        ring.release(through: live[place].mark)
        live.removeFirst(place + 1)
      }
    }
  }

  @Test("messages come back as they were sent, and other bytes are none")
  func messages() {
    var message = VerbsMessage(.memory, body: RemoteMemory(base: 1 << 40, size: 7, key: 9).encoded)
    message.returned = 0xDEAD_BEEF
    #expect(VerbsMessage(decoding: message.encoded) == message)
    #expect(RemoteMemory(decoding: message.body) == RemoteMemory(base: 1 << 40, size: 7, key: 9))
    #expect(RemoteMemory(decoding: [1, 2, 3]) == nil)
    #expect(VerbsMessage(decoding: Array(message.encoded.prefix(7))) == nil)
    #expect(VerbsMessage(decoding: [0] + message.encoded.dropFirst()) == nil)
    #expect(VerbsMessage(decoding: [99] + message.encoded.dropFirst()) == nil)
    #expect(VerbsMessage(decoding: Array(repeating: 1, count: 300)) == nil)
  }
}
