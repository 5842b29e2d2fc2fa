// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import Fabrics
import Glibc
import Memory
import Vocabulary

/// `FabricCheck forming`: forms groups one after the other at the same addresses, and tells how
/// long it takes from the moment when the last member begins until all have ended.
struct Forming: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forms groups again and again, each member a process; rank 0 tells how long it takes."
  )

  @OptionGroup var membership: Membership
  @Option(help: "How many groups to form.") var rounds = 50
  @Flag(help: "Listen anew for each group (TCP), instead of once for all.") var listenAnew = false

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds takes a number from 1") }
    if membership.rank == nil || membership.transport == .auto {
      throw ValidationError("forming takes --rank, and a transport that is not auto")
    }
  }

  func run() throws {
    let rank = membership.rank ?? 0
    let own = membership.addresses(round: 0)[rank]
    let listener =
      membership.transport == .tcp && !listenAnew ? try DataListener.open(own) : nil
    var times: [UInt64] = []
    for round in 0..<rounds {
      // Now these are early, now those, and the last one comes late.
      usleep(UInt32((rank * 7 + round * 13) % 11 * 2_000))
      var formation = try membership.formation(try Self.plan(membership.members))
      formation.epoch = UInt64(round)
      formation.listener = listener
      let began = nanoseconds()
      let (fabric, _) = try membership.transport.open(formation)
      let ended = nanoseconds()
      times.append(Self.exchange(fabric, began, ended))
      fabric.close()
    }
    guard rank == 0 else { return }
    times.sort()
    func text(_ time: UInt64) -> String { "\(time / 1_000) µs" }
    say(
      "formed \(rounds) groups of \(membership.members): median \(text(times[rounds / 2])), "
        + "longest \(text(times[rounds - 1]))")
  }

  private static func plan(_ members: Int) throws -> GroupPlan {
    try GroupPlan(
      (0..<members).map { index in
        var segment = SegmentPlan()
        segment.add(
          "times", byteCount: Limits.pageBytes, kind: .cells, writers: RankSet([Rank(index)]),
          holders: RankSet(first: members))
        return segment
      })
  }

  /// Tells the others when this member began and ended, and waits until all have all times.
  private static func exchange(
    _ fabric: any Fabric, _ began: UInt64, _ ended: UInt64
  ) -> UInt64 {
    let all = fabric.plan.members
    let own = fabric.segment(fabric.rank)
    var pushes = Pushes()
    var events: [FabricEvent] = []
    func store(_ value: UInt64, _ cell: Int) {
      own.store(value, at: 8 * cell)
      pushes.append(
        Push(
          owner: fabric.rank, offset: 8 * cell, byteCount: 8, kind: .cells,
          targets: all.removing(fabric.rank)))
      fabric.push(pushes)
      pushes.removeAll()
    }
    func wait(for cell: Int) {
      var hasAll = false
      while !hasAll, events.isEmpty {
        fabric.arm()
        _ = fabric.poll(into: &events)
        hasAll = all.allSatisfy { fabric.segment($0).load(8 * cell) != 0 }
        if hasAll { fabric.disarm() } else { fabric.park(nanoseconds: 100_000_000) }
      }
    }
    store(began, 0)
    store(ended, 1)
    wait(for: 1)
    let first = all.map { fabric.segment($0).load(0) }.max() ?? 0
    let last = all.map { fabric.segment($0).load(8) }.max() ?? 0
    store(1, 2)
    wait(for: 2)
    return last - min(first, last)
  }
}

private func nanoseconds() -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
