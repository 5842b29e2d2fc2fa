// SPDX-License-Identifier: Apache-2.0
import Environment
import Vocabulary

extension Check {
  /// One member does nothing for two seconds, and the others push all the while.
  package static let silence = Check(
    name: "silence", promise: "a push returns at once, also to a peer that does not read",
    layout: { members in
      try Member.plan(members) { segment, owner in
        segment.add(
          "payload", byteCount: SilenceProgram.payloads * SilenceProgram.bytes, kind: .payload,
          writers: RankSet([owner]), holders: RankSet(first: members))
      }
    },
    program: { SilenceProgram($0) })
}

/// Pushes thousands of cells and megabytes of payload, whether or not anybody reads.
final class SilenceProgram: MemberProgram {
  static let payloads = 4096
  static let bytes = 1024
  private static let rounds: UInt64 = 20_000
  private static let restMilliseconds = 2_000
  /// Far more than a push takes, and less than the silent member rests.
  private static let pushNanoseconds: UInt64 = 1_500_000_000

  private let part: Part
  private var pattern = Pattern()
  private var round: UInt64 = 0
  private var hasRested = false
  private var isChecked = RankSet()

  init(_ part: Part) { self.part = part }

  var standing: String { "round \(round), complete \(isChecked)" }

  func turn(_ member: Member) throws -> Turn {
    if !hasRested, part.rank == part.last {
      hasRested = true
      return .rest(milliseconds: Self.restMilliseconds)
    }
    guard round < Self.rounds else {
      for peer in part.peers.subtracting(isChecked) { try check(peer, member) }
      return isChecked == part.peers ? .done : .idle
    }
    for _ in 0..<100 { try pushOnce(member) }
    return .progress
  }

  private func pushOnce(_ member: Member) throws {
    let slot = Int(round)
    round += 1
    if slot < Self.payloads {
      let offset = Member.boardBytes + slot * Self.bytes
      let key = patternKey(part.seed, part.rank.index, UInt64(slot))
      pattern.write(key, Self.bytes, to: member.segment(part.rank), at: offset)
      member.ask(part.rank, offset, Self.bytes, .payload, part.peers)
    }
    member.setBoard(1 + Int(round % 16), round, telling: part.peers)
    let before = member.nanoseconds
    member.post()
    let took = member.nanoseconds - before
    guard took < Self.pushNanoseconds else {
      throw Violation("a push took \(took / 1_000_000) ms while \(part.last) did not read")
    }
  }

  private func check(_ peer: Rank, _ member: Member) throws {
    let last = Self.rounds
    guard member.board(1 + Int(last % 16), of: peer) == last else { return }
    for slot in 0..<Self.payloads {
      let key = patternKey(part.seed, peer.index, UInt64(slot))
      let offset = Member.boardBytes + slot * Self.bytes
      guard pattern.stands(key, Self.bytes, in: member.segment(peer), at: offset) else {
        throw Violation("\(part.rank) lacks payload \(slot) of \(peer)")
      }
    }
    isChecked.insert(peer)
  }
}
