// SPDX-License-Identifier: Apache-2.0
import Environment
import TestSupport
import Vocabulary

extension Check {
  /// Streams that go on until some member is gone, whoever it is: for processes that are killed.
  /// Not part of the suite, because somebody has to do the killing.
  package static let flow = flow { _ in }

  /// The same, telling a line for each member that is gone.
  package static func flow(tell: @escaping @Sendable (String) -> Void) -> Check {
    Check(
      name: "flow", promise: "members survive the death of any other",
      layout: { members in
        try Member.plan(members) { segment, owner in
          segment.add(
            "slots", byteCount: FlowProgram.slots * FlowProgram.slotBytes, kind: .payload,
            writers: RankSet([owner]), holders: RankSet(first: members))
        }
      },
      program: { FlowProgram($0, tell) })
  }
}

/// Writes numbered payload into slots, as far ahead of the slowest live peer as there are slots,
/// and checks that of all others.
final class FlowProgram: MemberProgram {
  static let slots = 16
  static let slotBytes = 8 << 10
  private static let countCell = 1
  /// From here on: how far this member has checked each other one.
  private static let checkedCell = 64
  private static let roundsAfter: UInt64 = 1_000

  private let part: Part
  private let tell: @Sendable (String) -> Void
  private var pattern = Pattern()
  private var count: UInt64 = 0
  private var checked: [UInt64]
  private var told = RankSet()
  private var countWhenGone: UInt64?

  init(_ part: Part, _ tell: @escaping @Sendable (String) -> Void) {
    self.part = part
    self.tell = tell
    checked = Array(repeating: 0, count: part.members)
  }

  func mayBeGone(_ rank: Rank) -> Bool { true }

  var standing: String { "count \(count), checked \(checked)" }

  func turn(_ member: Member) throws -> Turn {
    for rank in member.gone.subtracting(told) {
      told.insert(rank)
      tell("gone \(rank.index)")
      if countWhenGone == nil { countWhenGone = count }
    }
    var moved = false
    // A dead member's last messages may be there in part, but whatever is published is whole.
    for peer in part.peers where try check(peer, member) { moved = true }
    let slowest = member.livePeers.map {
      member.board(Self.checkedCell + part.rank.index, of: $0)
    }.min()
    if let countWhenGone, count >= countWhenGone + Self.roundsAfter || slowest == nil {
      // The others wait for nothing of this member any more.
      for peer in part.peers {
        member.setBoard(Self.checkedCell + peer.index, .max, telling: part.peers)
      }
      return .done
    }
    if count < (slowest ?? count) &+ UInt64(Self.slots) || slowest == .max {
      write(member)
      moved = true
    }
    return moved ? .progress : .idle
  }

  private func size(_ owner: Rank, _ number: UInt64) -> Int {
    var random = RandomSource(owner.index &+ Int(number) &* 64)
    return random.number(1...Self.slotBytes)
  }

  private func offset(_ number: UInt64) -> Int {
    Member.boardBytes + Int(number % UInt64(Self.slots)) * Self.slotBytes
  }

  private func write(_ member: Member) {
    let bytes = size(part.rank, count)
    let key = patternKey(part.seed, part.rank.index, count)
    pattern.write(key, bytes, to: member.segment(part.rank), at: offset(count))
    member.ask(part.rank, offset(count), bytes, .payload, part.peers)
    count += 1
    member.setBoard(Self.countCell, count, telling: part.peers)
  }

  private func check(_ peer: Rank, _ member: Member) throws -> Bool {
    let published = member.board(Self.countCell, of: peer)
    let before = checked[peer.index]
    guard published > before, countWhenGone == nil || member.livePeers.contains(peer) else {
      return false
    }
    for number in before..<published {
      let isThere = pattern.stands(
        patternKey(part.seed, peer.index, number), size(peer, number), in: member.segment(peer),
        at: offset(number))
      guard isThere else {
        throw Violation("\(part.rank) sees \(published) of \(peer), but not message \(number)")
      }
    }
    checked[peer.index] = published
    member.setBoard(Self.checkedCell + peer.index, published, telling: part.peers)
    return true
  }
}
