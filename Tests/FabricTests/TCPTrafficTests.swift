// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Memory
import TestSupport
import Testing
import Vocabulary

@Suite struct TCPTrafficTests {
  /// Random ranges of every size, published by a counter, against the writer's own memory.
  @Test(arguments: [1, 2, 3]) func `What is pushed is what arrives`(seed: Int) throws {
    print("seed \(seed)")
    var random = RandomSource(seed)
    let size = 4 << 20
    let members = try TCPGroup.form(3, payloadBytes: size)
    let writer = members[0]
    var events: [FabricEvent] = []
    var count: UInt64 = 0
    for _ in 0..<60 {
      var pushes = Pushes()
      for _ in 0..<random.number(1...40) {
        let longest = [64, 1000, 20_000, 1 << 20][random.number(0...3)]
        let length = random.number(1...longest)
        let offset = TCPGroup.payload + random.number(0...(size - length))
        let start = random.number(0...255)
        writer.segment(writer.rank).withFilled(offset, length) {
          UInt8(truncatingIfNeeded: start + $0)
        }
        pushes.append(
          Push(
            owner: Rank(0), offset: offset, byteCount: length, kind: .payload,
            targets: RankSet(first: 3)))
      }
      count += 1
      for cell in 0..<16 { writer.segment(Rank(0)).store(count, at: 8 * cell) }
      pushes.append(
        Push(owner: Rank(0), offset: 0, byteCount: 128, kind: .cells, targets: RankSet(first: 3)))
      writer.push(pushes)
      let hasArrived = TCPGroup.pump(members, &events) { _ in
        members.allSatisfy { $0.segment(Rank(0)).load(120) == count }
      }
      try #require(hasArrived && events.isEmpty)
      let wanted = writer.segment(Rank(0)).bytes(TCPGroup.payload, size)
      for member in members.dropFirst() {
        #expect(member.segment(Rank(0)).bytes(TCPGroup.payload, size) == wanted)
      }
    }
    for member in members { member.close() }
  }

  @Test func `A holder passes on what it got`() throws {
    let members = try TCPGroup.form(3)
    var events: [FabricEvent] = []
    members[0].segment(Rank(0)).withFilled(TCPGroup.payload, 5000) { UInt8(truncatingIfNeeded: $0) }
    members[0].push(TCPGroup.payload, 5000, .payload, to: RankSet([Rank(1)]))
    members[0].segment(Rank(0)).store(1, at: 0)
    members[0].push(0, 8, .cells, to: RankSet([Rank(1)]))
    #expect(
      TCPGroup.pump(members, &events) { _ in members[1].segment(Rank(0)).load(0) == 1 })
    members[1].push(TCPGroup.payload, 5000, .payload, owner: Rank(0), to: RankSet([Rank(2)]))
    members[1].segment(Rank(1)).store(1, at: 8)
    members[1].push(8, 8, .cells, to: RankSet([Rank(2)]))
    #expect(
      TCPGroup.pump(members, &events) { _ in members[2].segment(Rank(1)).load(8) == 1 })
    #expect(
      members[2].segment(Rank(0)).bytes(TCPGroup.payload, 5000)
        == members[0].segment(Rank(0)).bytes(TCPGroup.payload, 5000))
    #expect(events.isEmpty)
    #expect(!members[2].segment(Rank(0)).isWritable && members[2].segment(Rank(2)).isWritable)
  }

  @Test func `A peer that stops reading blocks nobody, and gets everything later`() throws {
    var settings = TCPSettings()
    settings.sendBufferBytes = 64 << 10
    settings.receiveBufferBytes = 64 << 10
    let size = 1 << 20
    let members = try TCPGroup.form(3, payloadBytes: size, settings: settings)
    let writer = members[0]
    var events: [FabricEvent] = []
    writer.segment(Rank(0)).withFilled(TCPGroup.payload, size) { UInt8(truncatingIfNeeded: $0 * 7) }
    // Far more than the buffers between them hold; rank 2 reads nothing meanwhile.
    for round in 1...200 {
      writer.push(TCPGroup.payload, size, .payload)
      writer.segment(Rank(0)).store(UInt64(round), at: 0)
      writer.push(0, 8, .cells)
      let hasArrived = TCPGroup.pump([writer, members[1]], &events) { _ in
        members[1].segment(Rank(0)).load(0) == UInt64(round)
      }
      try #require(hasArrived && events.isEmpty)
    }
    #expect(members[2].segment(Rank(0)).load(0) == 0)
    let isCaughtUp = TCPGroup.pump(members, &events) { _ in
      members[2].segment(Rank(0)).load(0) == 200
    }
    #expect(isCaughtUp && events.isEmpty)
    #expect(
      members[2].segment(Rank(0)).bytes(TCPGroup.payload, size)
        == writer.segment(Rank(0)).bytes(TCPGroup.payload, size))
  }

  @Test func `After the fence nothing is applied and nothing is sent`() throws {
    let members = try TCPGroup.form(3)
    var events: [FabricEvent] = []
    members[1].fence()
    for member in members {
      member.segment(member.rank).store(9, at: 0)
      member.push(0, 8, .cells)
    }
    let hasArrived = TCPGroup.pump([members[0], members[2]], &events) { _ in
      members[0].segment(Rank(2)).load(0) == 9 && members[2].segment(Rank(0)).load(0) == 9
    }
    #expect(hasArrived)
    for _ in 0..<50 {
      #expect(!members[1].poll(into: &events))
      members[1].park(nanoseconds: 100_000)
    }
    #expect(members[1].segment(Rank(0)).load(0) == 0)
    #expect(members[1].segment(Rank(2)).load(0) == 0)
    #expect(members[0].segment(Rank(1)).load(0) == 0)
    members[1].close()
    // Memory that is still held can be read.
    #expect(members[1].segment(Rank(1)).load(0) == 9)
    let isTold = TCPGroup.pump([members[0], members[2]], &events) { $0.count == 2 }
    #expect(isTold)
    for event in events {
      guard case .unreachable(Rank(1), _) = event else {
        Issue.record("\(event)")
        continue
      }
    }
  }
}

extension Segment {
  /// Fills a range by place.
  func withFilled(_ offset: Int, _ count: Int, _ byte: (Int) -> UInt8) {
    unsafe fill(offset, count) { place in
      for index in 0..<count { unsafe place[index] = byte(index) }
    }
  }
}
