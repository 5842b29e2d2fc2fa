// SPDX-License-Identifier: Apache-2.0
import Environment
import TestSupport
import Vocabulary

extension Check {
  /// The last member closes its fabric in the middle of things.
  package static let leaving = failure(
    "leaving", "a member that closes is reported gone once, and the others go on", .leave)

  /// The last member ends like a process that is killed.
  package static let dying = failure(
    "dying", "a member that dies is reported gone once, and the others go on", .die)

  private static func failure(_ name: String, _ promise: String, _ end: Turn) -> Check {
    Check(
      name: name, promise: promise, layout: { try Member.plan($0) },
      program: { FailureProgram($0, end) })
  }
}

/// Counts in step with all members that are there; the last one goes.
final class FailureProgram: MemberProgram {
  private static let countCell = 1
  private static let noiseCell = 2
  /// Rounds that the others do after they learned of it, always pushing to the dead one, too.
  private static let roundsAfter: UInt64 = 500
  /// How long they look for a second report.
  private static let lingerNanoseconds: UInt64 = 100_000_000

  private let part: Part
  private let end: Turn
  private let victim: Rank
  private let lastRound: UInt64
  private var round: UInt64 = 1
  private var after: UInt64 = 0
  private var noise: UInt64 = 0
  private var goneSince: UInt64?

  init(_ part: Part, _ end: Turn) {
    self.part = part
    self.end = end
    victim = part.last
    var random = RandomSource(part.seed)
    lastRound = UInt64(random.number(1...300))
  }

  func mayBeGone(_ rank: Rank) -> Bool { rank == victim }

  var standing: String { "round \(round), \(after) since \(victim) is gone" }

  func turn(_ member: Member) throws -> Turn {
    if part.rank == victim, round > lastRound { return end }
    if member.gone.contains(victim), goneSince == nil { goneSince = member.nanoseconds }
    member.setBoard(Self.countCell, round, telling: part.peers)
    // What a dead peer never gets must not block, however much it is.
    if goneSince != nil {
      for _ in 0..<20 {
        noise += 1
        member.setBoard(Self.noiseCell, noise, telling: part.peers)
        member.post()
      }
    }
    let counts = member.livePeers.map { member.board(Self.countCell, of: $0) }
    guard counts.allSatisfy({ $0 >= round }) else { return .idle }
    if let goneSince {
      let isOver = after >= Self.roundsAfter
      if isOver, member.nanoseconds - goneSince > Self.lingerNanoseconds {
        // The others need not wait for this count any more.
        member.setBoard(Self.countCell, .max, telling: part.peers)
        return .done
      }
      after += 1
    }
    round += 1
    return .progress
  }
}
