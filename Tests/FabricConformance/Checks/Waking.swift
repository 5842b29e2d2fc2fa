// SPDX-License-Identifier: Apache-2.0
import Environment
import Vocabulary

extension Check {
  /// A token goes round; who waits for it, parks.
  package static let waking = Check(
    name: "waking", promise: "a push after arm ends the park: no wake-up is lost",
    needsThreads: true, layout: { try Member.plan($0) }, program: { WakingProgram($0) })

  /// Nothing comes, and nobody does anything.
  package static let parking = Check(
    name: "parking", promise: "a parked member uses no processor, and wakes at its deadline",
    needsThreads: true, layout: { try Member.plan($0) }, program: { ParkingProgram($0) })
}

/// Waits for its predecessor's count by parking alone, and counts on, with random delays at every
/// place where a wake-up could get lost.
final class WakingProgram: MemberProgram {
  private static let countCell = 1
  /// A park that takes so long was not ended by the push.
  private static let parkNanoseconds: UInt64 = 5_000_000_000

  private let part: Part
  private let rounds: UInt64
  private var count: UInt64
  private var delay: Delay

  init(_ part: Part) {
    self.part = part
    rounds = part.scale == .full ? 20_000 : 2_000
    count = UInt64(part.rank.index)
    delay = Delay(part.seed &+ 7 &* part.rank.index)
  }

  private var before: Rank { part.after(part.members - 1) }

  var standing: String { "waits for \(count) of \(before)" }

  func turn(_ member: Member) throws -> Turn {
    guard count < rounds else { return .done }
    while member.board(Self.countCell, of: before) < count {
      try waitOnce(member)
      if !member.gone.isEmpty { return .idle }
    }
    delay.some()
    member.setBoard(Self.countCell, count + 1, telling: RankSet([part.after(1)]))
    member.post()
    count += UInt64(part.members)
    return .progress
  }

  private func waitOnce(_ member: Member) throws {
    member.fabric.arm()
    delay.some()
    try member.pollNow(self)
    if member.board(Self.countCell, of: before) >= count {
      member.fabric.disarm()
      return
    }
    delay.some()
    let began = member.nanoseconds
    member.fabric.park(nanoseconds: Self.parkNanoseconds)
    let took = member.nanoseconds - began
    try member.pollNow(self)
    guard took < Self.parkNanoseconds else {
      throw Violation("\(part.rank) slept through a push of \(before)")
    }
  }
}

/// Parks while nothing happens.
final class ParkingProgram: MemberProgram {
  private static let readyCell = 1
  private static let parkedNanoseconds: UInt64 = 300_000_000
  /// More than a busy machine makes of any deadline.
  private static let lateNanoseconds: UInt64 = 3_000_000_000
  /// More than some early returns cost, and less than what spinning gets on a busy machine.
  private static let usedNanosecondsMaximum: UInt64 = 20_000_000
  /// Returns without a reason that are forgiven: what was under way may still arrive.
  private static let earlyReturnsMaximum = 100

  private let part: Part
  private var isReady = false
  init(_ part: Part) { self.part = part }
  var standing: String { "waits for all to be ready" }

  func turn(_ member: Member) throws -> Turn {
    if !isReady {
      isReady = true
      member.setBoard(Self.readyCell, 1, telling: part.peers)
      member.post()
    }
    guard member.livePeers.allSatisfy({ member.board(Self.readyCell, of: $0) == 1 }) else {
      return .idle
    }
    let began = member.nanoseconds
    let used = threadTime()
    var returns = 0
    while member.nanoseconds - began < Self.parkedNanoseconds {
      returns += 1
      member.fabric.arm()
      try member.pollNow(self)
      let left = Self.parkedNanoseconds &- (member.nanoseconds - began)
      if left <= Self.parkedNanoseconds { member.fabric.park(nanoseconds: left) }
      try member.pollNow(self)
    }
    member.fabric.disarm()
    let late = member.nanoseconds - began - Self.parkedNanoseconds
    guard late < Self.lateNanoseconds else {
      throw Violation("park returned \(late / 1_000_000) ms after its deadline")
    }
    guard returns <= Self.earlyReturnsMaximum else {
      throw Violation("park returned \(returns) times while nothing came")
    }
    let spent = threadTime() - used
    guard spent < Self.usedNanosecondsMaximum else {
      throw Violation("a parked member used \(spent / 1_000_000) ms of processor time")
    }
    return .done
  }
}
