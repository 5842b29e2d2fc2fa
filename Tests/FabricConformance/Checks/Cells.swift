// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import TestSupport
import Vocabulary

extension Check {
  /// Counters in several regions, raised one after the other and read the other way round.
  package static let prefixOrder = Check(
    name: "order", promise: "pushes become visible in the order in which they were posted",
    layout: { members in
      try Member.plan(members) { segment, owner in
        for index in 0..<PrefixProgram.regions {
          segment.add(
            "cells \(index)", byteCount: Limits.pageBytes, kind: .cells, writers: RankSet([owner]),
            holders: RankSet(first: members))
        }
      }
    },
    program: { PrefixProgram($0, keepsBack: false) })

  /// A cell that is stored again, and not pushed, right after its push.
  package static let valuesWhenPosted = Check(
    name: "values", promise: "a cell is carried as it was when it was posted, or newer",
    layout: prefixOrder.layout, program: { PrefixProgram($0, keepsBack: true) })

  /// Words whose halves have to agree, many in a push.
  package static let noTornCell = Check(
    name: "torn", promise: "no cell arrives in pieces or falls",
    layout: { members in
      try Member.plan(members) { segment, owner in
        segment.add(
          "cells", byteCount: 8 * TornProgram.cells, kind: .cells, writers: RankSet([owner]),
          holders: RankSet(first: members))
      }
    },
    program: { TornProgram($0) })
}

/// Raises a counter in each of several regions, round by round; reads those of the others from the
/// last to the first.
final class PrefixProgram: MemberProgram {
  static let regions = 5

  private let part: Part
  private let keepsBack: Bool
  private let rounds: UInt64
  private var round: UInt64 = 0
  private var seen: [UInt64]
  private var random: RandomSource

  init(_ part: Part, keepsBack: Bool) {
    self.part = part
    self.keepsBack = keepsBack
    rounds = part.scale == .full ? 200_000 : 20_000
    seen = Array(repeating: 0, count: part.members)
    random = RandomSource(part.seed &+ part.rank.index)
  }

  var standing: String { "round \(round) of \(rounds), seen \(seen)" }

  private static func offset(_ region: Int) -> Int {
    Member.boardBytes + region * Limits.pageBytes + 8 * region
  }

  func turn(_ member: Member) throws -> Turn {
    var moved = false
    for peer in part.peers where try look(at: peer, member) { moved = true }
    for _ in 0..<random.number(1...8) where round < rounds {
      raise(member)
      moved = true
    }
    let isDone = round == rounds && part.peers.allSatisfy { seen[$0.index] == 2 * rounds }
    return isDone ? .done : moved ? .progress : .idle
  }

  private func raise(_ member: Member) {
    round += 1
    for region in 0..<Self.regions {
      member.setCell(Self.offset(region), 2 * round, telling: part.peers)
      guard keepsBack, round < rounds else { continue }
      // What is stored now was not posted. The next round posts something newer.
      member.post()
      member.segment(part.rank).store(2 * round + 1, at: Self.offset(region))
    }
    if random.number(0...1) == 0 || keepsBack { member.post() }
    // A cell is posted with its value of now: a list holds it once.
    member.post()
  }

  /// True where all counters of a peer have been raised since the last look.
  private func look(at peer: Rank, _ member: Member) throws -> Bool {
    let segment = member.segment(peer)
    var later = segment.load(Self.offset(Self.regions - 1))
    let old = seen[peer.index]
    seen[peer.index] = later
    for region in (0..<(Self.regions - 1)).reversed() {
      let value = segment.load(Self.offset(region))
      // An odd value was never pushed, and may be seen where memory is shared.
      guard value >= later & ~1 else {
        throw Violation(
          "\(part.rank) sees \(later) in region \(region + 1) of \(peer), but only \(value) in "
            + "region \(region), which was pushed before")
      }
      later = value
    }
    guard seen[peer.index] >= old else { throw Violation("a counter of \(peer) fell") }
    return seen[peer.index] > old
  }
}

/// Stores words whose halves agree, and pushes many at a time.
final class TornProgram: MemberProgram {
  static let cells = 1024
  private static let mask: UInt64 = 0x5A5A_A5A5

  private let part: Part
  private let rounds: UInt64
  private var round: UInt64 = 0
  /// By rank and cell.
  private var seen: [[UInt64]]
  private var random: RandomSource

  init(_ part: Part) {
    self.part = part
    rounds = part.scale == .full ? 5_000 : 500
    seen = Array(repeating: Array(repeating: 0, count: Self.cells), count: part.members)
    random = RandomSource(part.seed &+ part.rank.index)
  }

  var standing: String { "round \(round) of \(rounds), seen \(seen.map { $0[0] })" }

  private static func word(_ number: UInt64) -> UInt64 { number << 32 | number ^ mask }

  func turn(_ member: Member) throws -> Turn {
    var moved = false
    for peer in part.peers where try look(at: peer, member) { moved = true }
    if round < rounds {
      round += 1
      moved = true
      // The last round raises all of them.
      let first = round == rounds ? 0 : random.number(0...(Self.cells - 1))
      let count = round == rounds ? Self.cells : random.number(1...(Self.cells - first))
      let offset = Member.boardBytes + 8 * first
      for cell in 0..<count {
        member.segment(part.rank).store(Self.word(round), at: offset + 8 * cell)
      }
      member.ask(part.rank, offset, 8 * count, .cells, part.peers)
    }
    let isDone =
      round == rounds && part.peers.allSatisfy { seen[$0.index].allSatisfy { $0 == rounds } }
    return isDone ? .done : moved ? .progress : .idle
  }

  private func look(at peer: Rank, _ member: Member) throws -> Bool {
    let segment = member.segment(peer)
    var moved = false
    for cell in 0..<Self.cells {
      let value = segment.load(Member.boardBytes + 8 * cell)
      let number = value >> 32
      guard value == 0 || value == Self.word(number) else {
        throw Violation("\(part.rank) sees a torn cell of \(peer): \(String(value, radix: 16))")
      }
      guard number >= seen[peer.index][cell] else {
        throw Violation("cell \(cell) of \(peer) fell to \(number) at \(part.rank)")
      }
      if number > seen[peer.index][cell] { moved = true }
      seen[peer.index][cell] = number
    }
    return moved
  }
}
