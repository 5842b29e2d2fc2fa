// SPDX-License-Identifier: Apache-2.0
package import Environment
import Glibc
import Synchronization
import TestSupport

/// Tells all members of a check to stop: one of them found a violation.
package final class StopSign: Sendable {
  private let flag = Atomic<Bool>(false)
  package init() {}
  package var isUp: Bool { flag.load(ordering: .relaxed) }
  package func raise() { flag.store(true, ordering: .relaxed) }
}

/// Runs one member's program in real time, as an engine would: turns, some yields, then parking.
package struct MemberLoop {
  private let member: Member
  private let program: any MemberProgram
  private let limitSeconds: Int
  private let stop: StopSign
  private let die: (any Fabric) -> Void
  private let yields: Int

  /// The longest a member parks: it bounds how late it sees the stop sign, not how late a push.
  private static let parkNanoseconds: UInt64 = 20_000_000

  package init(
    _ fabric: any Fabric, _ check: Check, _ part: Part, limitSeconds: Int,
    stop: StopSign = StopSign(), die: @escaping (any Fabric) -> Void = { $0.close() }
  ) {
    member = Member(fabric, part, clock: monotonicNow)
    program = check.program(part)
    self.limitSeconds = limitSeconds
    self.stop = stop
    self.die = die
    // Some members park at once, some hardly ever.
    yields = member.random.number(0...30)
  }

  package func run() throws {
    let fabric = member.fabric
    let deadline = monotonicNow() + UInt64(limitSeconds) * 1_000_000_000
    var fruitless = 0
    while !stop.isUp {
      guard monotonicNow() < deadline else {
        throw Violation(
          "\(member.rank) hangs: \(program.standing), gone \(member.gone)", isConsequence: true)
      }
      switch try member.turn(program) {
      case .progress: fruitless = 0
      case .rest(let milliseconds): usleep(UInt32(1000 * milliseconds))
      case .done: return fabric.close()
      case .leave: return try leave()
      case .die: return die(fabric)
      case .idle:
        fruitless += 1
        if fruitless <= yields {
          sched_yield()
        } else if try armedTurn() {
          return
        }
      }
    }
    fabric.close()
  }

  /// Arms, looks once more, and parks; true where the member has ended.
  private func armedTurn() throws -> Bool {
    let fabric = member.fabric
    fabric.arm()
    let turn = try member.turn(program)
    if turn == .idle {
      fabric.park(nanoseconds: Self.parkNanoseconds)
      return false
    }
    fabric.disarm()
    switch turn {
    case .rest(let milliseconds): usleep(UInt32(1000 * milliseconds))
    case .done:
      fabric.close()
      return true
    case .leave:
      try leave()
      return true
    case .die:
      die(fabric)
      return true
    case .progress, .idle: break
    }
    return false
  }

  /// Closes, and checks that copies can still be read.
  private func leave() throws {
    let before = member.part.all.map { member.board(0, of: $0) }
    member.fabric.close()
    member.fabric.close()
    let after = member.part.all.map { member.board(0, of: $0) }
    guard zip(before, after).allSatisfy({ $0 <= $1 }) else {
      throw Violation("copies changed back when the fabric was closed")
    }
  }
}

/// The monotonic clock, in nanoseconds.
func monotonicNow() -> UInt64 { clockTime(CLOCK_MONOTONIC) }

/// Processor time that this thread has used, in nanoseconds.
func threadTime() -> UInt64 { clockTime(CLOCK_THREAD_CPUTIME_ID) }

private func clockTime(_ clock: clockid_t) -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(clock, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
