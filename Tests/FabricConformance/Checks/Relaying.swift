// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import TestSupport
import Vocabulary

extension Check {
  /// Each member's payload goes to the next one, and through it to the one after.
  package static let relaying = Check(
    name: "relay", promise: "a member passes on another one's payload, and then its own counter",
    membersMinimum: 3,
    layout: { members in
      try Member.plan(members) { segment, owner in
        let next = Rank((owner.index + 1) % members)
        let after = Rank((owner.index + 2) % members)
        segment.add(
          "relayed", byteCount: RelayProgram.ringBytes, kind: .payload,
          writers: RankSet([owner, next]), holders: RankSet([owner, next, after]))
      }
    },
    program: { RelayProgram($0) })

  /// Regions that only some members hold.
  package static let holders = Check(
    name: "holders", promise: "bytes land at the holders of their region, and nowhere else",
    membersMinimum: 3,
    layout: { members in
      try Member.plan(members) { segment, owner in
        for other in RankSet(first: members).removing(owner) {
          for kind in [RegionKind.cells, .payload] {
            segment.add(
              "\(kind) for \(other)", byteCount: HolderProgram.regionBytes, kind: kind,
              writers: RankSet([owner]), holders: RankSet([owner, other]))
          }
        }
      }
    },
    program: { HolderProgram($0) })
}

/// Source of one stream, relay of the one before, and end of the one before that.
///
/// A relay that shares memory with the end, but not with the source, may pass nothing on. There the
/// source pushes to the end itself, and the end goes by its counter.
final class RelayProgram: MemberProgram {
  static let ringBytes = 64 << 10
  private static let sentCell = 1
  private static let relayedCell = 2
  private static let readCell = 3

  private let part: Part
  private let messages: UInt64
  private let ring = Ring(offset: Member.boardBytes, byteCount: RelayProgram.ringBytes)
  private var pattern = Pattern()
  private var sent: UInt64 = 0
  private var relayed: UInt64 = 0
  private var read: UInt64 = 0

  private static let slots: UInt64 = 8
  private static let slotBytes = ringBytes / Int(slots)

  init(_ part: Part) {
    self.part = part
    messages = part.scale == .full ? 20_000 : 2_000
  }

  var standing: String { "sent \(sent), relayed \(relayed), read \(read) of \(messages)" }

  private func size(_ owner: Rank, _ number: UInt64) -> Int {
    var random = RandomSource(part.seed &+ owner.index &+ Int(number) &* 31)
    return random.number(1...Self.slotBytes)
  }

  /// Whether the member behind `source` passes on what is its.
  private func isPassedOn(_ source: Rank) -> Bool {
    let relay = Rank((source.index + 1) % part.members)
    let end = Rank((source.index + 2) % part.members)
    return part.hosts.areTogether(source, end) || !part.hosts.areTogether(relay, end)
  }

  private func position(_ number: UInt64) -> Int { Int(number % Self.slots) * Self.slotBytes }

  func turn(_ member: Member) throws -> Turn {
    let moved = [send(member), try relay(member), try receive(member)].contains(true)
    let isRead = member.board(Self.readCell, of: part.after(2)) == messages
    let isDone = isRead && relayed == messages && read == messages
    return isDone ? .done : moved ? .progress : .idle
  }

  private func send(_ member: Member) -> Bool {
    // A slot is free when the member after the next has read it: it has passed the next one then.
    var last = member.board(Self.readCell, of: part.after(2))
    var next = RankSet([part.after(1)])
    if !isPassedOn(part.rank) {
      last = min(last, member.board(Self.relayedCell, of: part.after(1)))
      next.insert(part.after(2))
    }
    guard sent < min(messages, last + Self.slots) else { return false }
    let count = size(part.rank, sent)
    let offset = ring.offset + position(sent)
    pattern.write(
      patternKey(part.seed, part.rank.index, sent), count, to: member.segment(part.rank),
      at: offset)
    member.ask(part.rank, offset, count, .payload, next)
    sent += 1
    member.setBoard(Self.sentCell, sent, telling: next)
    return true
  }

  private func relay(_ member: Member) throws -> Bool {
    let source = part.before(1)
    guard member.board(Self.sentCell, of: source) > relayed else { return false }
    try check(source, relayed, member, "relays")
    let next = RankSet([part.after(1)])
    let isPassedOn = isPassedOn(source)
    if isPassedOn {
      member.ask(
        source, ring.offset + position(relayed), size(source, relayed), .payload, next)
    }
    relayed += 1
    member.setBoard(
      Self.relayedCell, relayed, telling: isPassedOn ? next : RankSet([source]))
    return true
  }

  private func receive(_ member: Member) throws -> Bool {
    let source = part.before(2)
    let isThere =
      isPassedOn(source)
      ? member.board(Self.relayedCell, of: part.before(1)) > read
      : member.board(Self.sentCell, of: source) > read
    guard isThere else { return false }
    try check(source, read, member, "was passed")
    read += 1
    member.setBoard(Self.readCell, read, telling: RankSet([source]))
    return true
  }

  private func check(
    _ source: Rank, _ number: UInt64, _ member: Member, _ role: String
  ) throws {
    let isThere = pattern.stands(
      patternKey(part.seed, source.index, number), size(source, number),
      in: member.segment(source), at: ring.offset + position(number))
    guard isThere else {
      throw Violation("\(part.rank) \(role) message \(number) of \(source), but lacks its bytes")
    }
  }
}

/// Fills a region for each other member, and looks that nothing came that is for somebody else.
final class HolderProgram: MemberProgram {
  static let regionBytes = 2 * Limits.pageBytes
  private static let filledCell = 1
  private static let checkedCell = 2

  private let part: Part
  private var pattern = Pattern()
  private var isFilled = false
  private var isChecked = false

  init(_ part: Part) { self.part = part }
  var standing: String { "filled \(isFilled), checked \(isChecked)" }

  /// Where the regions of an owner for another member begin: cells, then payload.
  private func offset(_ owner: Rank, for other: Rank) -> Int {
    let place = part.all.removing(owner).intersection(RankSet(first: other.index)).count
    return Member.boardBytes + 2 * place * Self.regionBytes
  }

  func turn(_ member: Member) throws -> Turn {
    if !isFilled {
      isFilled = true
      for other in part.peers { fill(other, member) }
      member.setBoard(Self.filledCell, 1, telling: part.peers)
      return .progress
    }
    if !isChecked, part.peers.allSatisfy({ member.board(Self.filledCell, of: $0) == 1 }) {
      isChecked = true
      for owner in part.peers {
        for other in part.all.removing(owner) { try check(owner, other, member) }
      }
      member.setBoard(Self.checkedCell, 1, telling: part.peers)
      return .progress
    }
    let isDone = part.peers.allSatisfy { member.board(Self.checkedCell, of: $0) == 1 }
    return isDone && isChecked ? .done : .idle
  }

  private func fill(_ other: Rank, _ member: Member) {
    let start = offset(part.rank, for: other)
    let key = patternKey(part.seed, part.rank.index, UInt64(other.index))
    pattern.write(key, 2 * Self.regionBytes, to: member.segment(part.rank), at: start)
    let targets = RankSet([other])
    member.ask(part.rank, start, Self.regionBytes, .cells, targets)
    member.ask(part.rank, start + Self.regionBytes, Self.regionBytes, .payload, targets)
  }

  private func check(_ owner: Rank, _ other: Rank, _ member: Member) throws {
    let start = offset(owner, for: other)
    let segment = member.segment(owner)
    if other == part.rank {
      let key = patternKey(part.seed, owner.index, UInt64(other.index))
      guard pattern.stands(key, 2 * Self.regionBytes, in: segment, at: start) else {
        throw Violation("\(part.rank) lacks what \(owner) pushed for it")
      }
    } else {
      guard segment.bytes(start, 2 * Self.regionBytes).allSatisfy({ $0 == 0 }) else {
        throw Violation("\(part.rank) got bytes of \(owner) that only \(other) holds")
      }
    }
  }
}
