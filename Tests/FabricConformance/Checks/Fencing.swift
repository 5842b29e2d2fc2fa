// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

extension Check {
  /// The last member fences while all others push at it.
  package static let fencing = Check(
    name: "fence", promise: "after a fence no cell of a copy changes, and nothing is sent",
    layout: { members in
      try Member.plan(members) { segment, owner in
        for name in ["first", "second"] {
          segment.add(
            name, byteCount: Limits.pageBytes, kind: .cells, writers: RankSet([owner]),
            holders: RankSet(first: members))
        }
        segment.add(
          "payload", byteCount: FenceProgram.payloads * FenceProgram.bytes, kind: .payload,
          writers: RankSet([owner]), holders: RankSet(first: members))
      }
    },
    program: { FenceProgram($0) })
}

/// Pushes rounds of (payload, cell, cell) to all; the last member fences, looks whether its copies
/// stay as they are, pushes what nobody may see, and leaves.
final class FenceProgram: MemberProgram {
  static let payloads = 2048
  static let bytes = 512
  private static let fencedCell = 1
  private static let secretCell = 2
  private static let secret: UInt64 = 0xDEAD
  private static let first = Member.boardBytes
  private static let second = Member.boardBytes + Limits.pageBytes
  private static let payload = Member.boardBytes + 2 * Limits.pageBytes
  private static let watchNanoseconds: UInt64 = 200_000_000

  private let part: Part
  private let fencer: Rank
  private var pattern = Pattern()
  private var round: UInt64 = 0
  private var frozen: [[UInt8]]?
  private var fencedAt: UInt64 = 0

  init(_ part: Part) {
    self.part = part
    fencer = part.last
  }

  func mayBeGone(_ rank: Rank) -> Bool { rank == fencer }

  var standing: String { "round \(round), \(frozen == nil ? "not fenced" : "fenced")" }

  func turn(_ member: Member) throws -> Turn {
    if part.rank == fencer, let frozen { return try watch(frozen, member) }
    pushRound(member)
    if part.rank == fencer {
      if part.peers.allSatisfy({ member.segment($0).load(Self.second) > 300 }) {
        return try fence(member)
      }
      return .progress
    }
    guard member.board(Self.secretCell, of: fencer) != Self.secret else {
      throw Violation("\(part.rank) sees what \(fencer) pushed after its fence")
    }
    return member.gone.contains(fencer) ? .done : .progress
  }

  private func pushRound(_ member: Member) {
    let slot = Int(round)
    if slot < Self.payloads {
      let offset = Self.payload + slot * Self.bytes
      let key = patternKey(part.seed, part.rank.index, round)
      pattern.write(key, Self.bytes, to: member.segment(part.rank), at: offset)
      member.ask(part.rank, offset, Self.bytes, .payload, part.peers)
    }
    round += 1
    member.setCell(Self.first, round, telling: part.peers)
    member.setCell(Self.second, round, telling: part.peers)
    member.post()
  }

  /// The cells of the peers' copies.
  private func copies(_ member: Member) -> [[UInt8]] {
    part.peers.map { Array(member.segment($0).bytes(0, Self.payload)) }
  }

  private func fence(_ member: Member) throws -> Turn {
    member.setBoard(Self.fencedCell, 1, telling: part.peers)
    member.post()
    member.fabric.fence()
    fencedAt = member.nanoseconds
    frozen = copies(member)
    for peer in part.peers {
      let segment = member.segment(peer)
      let second = segment.load(Self.second)
      guard segment.load(Self.first) >= second else {
        throw Violation("the fence left \(peer)'s second cell newer than its first")
      }
      for slot in 0..<min(Int(second), Self.payloads) {
        let key = patternKey(part.seed, peer.index, UInt64(slot))
        let offset = Self.payload + slot * Self.bytes
        guard pattern.stands(key, Self.bytes, in: segment, at: offset) else {
          throw Violation("the fence left \(peer)'s cell without the payload it publishes")
        }
      }
    }
    member.setBoard(Self.secretCell, Self.secret, telling: part.peers)
    member.setCell(Self.first, Self.secret, telling: part.peers)
    return .progress
  }

  private func watch(_ frozen: [[UInt8]], _ member: Member) throws -> Turn {
    guard copies(member) == frozen else {
      throw Violation("a copy at \(part.rank) changed after its fence")
    }
    member.setBoard(Self.secretCell, Self.secret, telling: part.peers)
    member.post()
    guard member.board(Self.secretCell, of: part.rank) == Self.secret else {
      throw Violation("the own segment cannot be written after the fence")
    }
    return member.nanoseconds - fencedAt > Self.watchNanoseconds ? .leave : .idle
  }
}
