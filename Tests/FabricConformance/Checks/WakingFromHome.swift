// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Synchronization
import TestSupport
import Vocabulary

extension Check {
  /// Another thread of each member's process hands it numbers.
  package static let wakingFromHome = Check(
    name: "waker", promise: "a wake by another thread after arm ends the park",
    needsThreads: true, layout: { try Member.plan($0) }, program: { WakerProgram($0) })
}

/// Takes numbers from another thread, one by one, and waits for them by parking alone. That thread
/// gives the next one when the last was taken, and wakes; both delay at every place where a wake
/// could get lost. At the end it goes on waking while the fabric closes.
final class WakerProgram: MemberProgram {
  private static let parkNanoseconds: UInt64 = 5_000_000_000

  /// What the two threads share.
  private final class Desk: Sendable {
    let given = Atomic<UInt64>(0)
    let taken = Atomic<UInt64>(0)
    let isOver = Atomic<Bool>(false)
  }

  private let part: Part
  private let rounds: UInt64
  private let desk = Desk()
  private var isStarted = false
  private var count: UInt64 = 0
  private var delay: Delay

  init(_ part: Part) {
    self.part = part
    rounds = part.scale == .full ? 20_000 : 2_000
    delay = Delay(part.seed &+ 11 &* part.rank.index)
  }

  deinit { desk.isOver.store(true, ordering: .relaxed) }

  var standing: String { "took \(count) of \(rounds)" }

  func turn(_ member: Member) throws -> Turn {
    if !isStarted {
      isStarted = true
      start(member.fabric.waker)
    }
    guard count < rounds else { return .done }
    while desk.given.load(ordering: .acquiring) == count {
      try waitOnce(member)
      if !member.gone.isEmpty { return .idle }
    }
    count += 1
    desk.taken.store(count, ordering: .releasing)
    return .progress
  }

  private func waitOnce(_ member: Member) throws {
    member.fabric.arm()
    delay.some()
    try member.pollNow(self)
    if desk.given.load(ordering: .acquiring) > count {
      member.fabric.disarm()
      return
    }
    delay.some()
    try member.pollNow(self)
    delay.some()
    let began = member.nanoseconds
    member.fabric.park(nanoseconds: Self.parkNanoseconds)
    guard member.nanoseconds - began < Self.parkNanoseconds else {
      throw Violation("\(part.rank) slept through a wake")
    }
  }

  private func start(_ waker: Waker) {
    let rounds = rounds
    let desk = desk
    let seed = part.seed &+ 13 &* part.rank.index &+ 5
    CheckThreads.detach {
      var delay = Delay(seed)
      for round in 1...rounds {
        while desk.taken.load(ordering: .acquiring) < round - 1 {
          if desk.isOver.load(ordering: .relaxed) { return }
          // A wake without anything new may end a park, and does no harm.
          if round % 8 == 0 { waker.wake() }
          sched_yield()
        }
        delay.some()
        desk.given.store(round, ordering: .releasing)
        waker.wake()
      }
      while !desk.isOver.load(ordering: .relaxed) {
        waker.wake()
        usleep(100)
      }
      for _ in 0..<100 { waker.wake() }
    }
  }
}

/// Mostly nothing, sometimes some microseconds of work, seldom a sleep.
struct Delay: Sendable {
  private var random: RandomSource

  init(_ seed: Int) { random = RandomSource(seed) }

  mutating func some() {
    switch random.number(0...15) {
    case 0: usleep(UInt32(random.number(1...200)))
    case 1...4:
      let until = monotonicNow() + UInt64(random.number(1...20_000))
      while monotonicNow() < until {}
    default: break
    }
  }
}
