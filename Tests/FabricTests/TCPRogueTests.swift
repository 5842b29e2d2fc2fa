// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Memory
import TestSupport
import Testing
import Vocabulary

/// Peers that joined as they should and then do what they may not.
@Suite struct TCPRogueTests {
  private func frame(
    _ owner: Int, _ kind: RegionKind, _ offset: Int, _ body: [UInt8], count: Int? = nil
  ) -> [UInt8] {
    FrameHeader(owner: owner, kind: kind, offset: offset, byteCount: count ?? body.count).encoded
      + body
  }

  /// The member's events until it reports the peer gone, and whether something was applied.
  private func events(_ member: TCPFabric) -> [FabricEvent] {
    var events: [FabricEvent] = []
    let isOver = TCPGroup.pump([member], &events) { events in
      events.contains { if case .unreachable = $0 { true } else { false } }
    }
    #expect(isOver)
    // Nothing is reported a second time.
    for _ in 0..<20 { _ = member.poll(into: &events) }
    return events
  }

  private let eight: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

  /// What is wrong with a frame of rank 1, and what the report says.
  private var wrongs: [(name: String, bytes: [UInt8], words: String)] {
    [
      ("garbage", [UInt8](repeating: 0xA5, count: 64), "no frame"),
      ("another's cells", frame(0, .cells, 0, eight), "may not write cells of rank 0"),
      ("a secret region", frame(1, .payload, 8192 + (1 << 20), eight), "holds no copy of secret"),
      ("no such owner", frame(7, .payload, 8192, eight), "rank 7, which is not in the group"),
      ("payload as cells", frame(1, .cells, 8192, eight), "cells for payload"),
      ("cells as payload", frame(1, .payload, 0, eight), "cells for payload"),
      ("unaligned cells", frame(1, .cells, 4, eight), "no whole cells"),
      ("half a cell", frame(1, .cells, 8, [1, 2, 3, 4]), "no whole cells"),
      ("behind the end", frame(1, .payload, 1 << 30, eight), "no region holds them"),
      ("over an end", frame(1, .cells, 8184, eight + eight), "no region holds them"),
      ("too many", frame(1, .payload, 8192, [], count: 0xFFFF_FFFF), "4294967295 bytes"),
      ("none", frame(1, .payload, 8192, []), "0 bytes"),
    ]
  }

  @Test func `A peer that writes what it may not is cut off, and nothing is touched`() throws {
    for (name, bytes, words) in wrongs {
      let (member, rogue) = try RoguePeer.join()
      // A good cell before the bad frame arrives, one behind it does not.
      try rogue.socket.send(
        frame(1, .cells, 0, eight) + bytes + frame(1, .cells, 16, eight))
      let events = events(member)
      #expect(events.count == 2, "\(name)")
      guard case .refused(Rank(1), let reason)? = events.first,
        case .unreachable(Rank(1), _)? = events.last
      else {
        Issue.record("\(name): \(events)")
        continue
      }
      #expect(reason.contains(words), "\(name): \(reason)")
      #expect(member.segment(Rank(1)).load(0) == 0x0807_0605_0403_0201, "\(name)")
      for owner in [Rank(0), Rank(1)] {
        let segment = member.segment(owner)
        let rest = segment.bytes(8, segment.byteCount - 8)
        #expect(rest.allSatisfy { $0 == 0 }, "\(name), \(owner)")
      }
      // The link is cut, and pushes vanish.
      #expect(try rogue.socket.receive(1).isEmpty, "\(name)")
      member.push(0, 8, .cells)
      member.close()
    }
  }

  @Test(arguments: [false, true])
  func `A peer that dies is reported once, and what it sent before is there`(
    withReset: Bool
  ) throws {
    let (member, rogue) = try RoguePeer.join()
    try rogue.socket.send(frame(1, .cells, 0, eight))
    var events: [FabricEvent] = []
    let hasArrived = TCPGroup.pump([member], &events) { _ in member.segment(Rank(1)).load(0) != 0 }
    #expect(hasArrived)
    // In the middle of a frame.
    try rogue.socket.send(Array(frame(1, .payload, 8192, eight, count: 1000).prefix(20)))
    if withReset { rogue.socket.reset() } else { rogue.socket.close() }
    for _ in 0..<100 { member.push(TCPGroup.payload, 1 << 20, .payload) }
    let told = self.events(member)
    #expect(told.count == 1)
    guard case .unreachable(Rank(1), let reason)? = told.first else {
      Issue.record("\(told)")
      return
    }
    #expect(!reason.isEmpty)
    member.push(0, 8, .cells)
    member.park(nanoseconds: 1_000_000)
    member.close()
  }

  @Test func `One peer's garbage does not disturb the others`() throws {
    // Ranks 0 and 2 are members; rank 1 is the rogue, who greets both of them.
    let plan = try TCPGroup.plan(3)
    let addresses = TCPGroup.addresses(3)
    let listening = try RawSocket(
      listeningOn: try #require(Int(addresses[1].split(separator: ":")[1])))
    let opening = Background {
      TCPGroup.open([0, 2].map { TCPGroup.formation($0, plan, addresses) })
    }
    let hello = Hello(TCPGroup.formation(1, plan, addresses))
    let toZero = try RawSocket(
      connectingTo: try #require(Int(addresses[0].split(separator: ":")[1])))
    var calling = Handshake(
      role: .initiator, mine: hello, key: nil, expected: RankSet([Rank(0)]), peer: "rank 0")
    #expect(try toZero.greet(&calling)?.peer?.rank == 0)
    let fromTwo = try listening.accept()
    var answering = Handshake(
      role: .acceptor, mine: Hello(TCPGroup.formation(1, plan, addresses)), key: nil,
      expected: RankSet([Rank(2)]), peer: "rank 2")
    #expect(try fromTwo.greet(&answering)?.peer?.rank == 2)
    let members = try opening.wait().map { try $0.get().fabric }

    try toZero.send([UInt8](repeating: 3, count: 4000))
    var events: [FabricEvent] = []
    for round in 1...50 {
      for member in members {
        member.segment(member.rank).store(UInt64(round), at: 0)
        member.push(0, 8, .cells)
      }
      let hasArrived = TCPGroup.pump(members, &events) { _ in
        members[0].segment(Rank(2)).load(0) == UInt64(round)
          && members[1].segment(Rank(0)).load(0) == UInt64(round)
      }
      try #require(hasArrived)
    }
    let isTold = TCPGroup.pump(members, &events) { $0.count >= 2 }
    #expect(isTold)
    guard events.count == 2, case .refused(Rank(1), _) = events[0],
      case .unreachable(Rank(1), _) = events[1]
    else {
      Issue.record("\(events)")
      return
    }
    for member in members { member.close() }
  }
}
