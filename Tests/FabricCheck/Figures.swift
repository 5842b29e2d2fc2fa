// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import Fabrics
import Glibc
import Memory
import Vocabulary

/// `FabricCheck figures`: how fast writes are between two members; rank 0 tells.
struct Figures: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures writes between two members, each a process.")

  @OptionGroup var membership: Membership

  func validate() throws {
    if membership.members != 2 || membership.rank == nil {
      throw ValidationError("figures takes two addresses and --rank")
    }
  }

  func run() throws {
    let rank = membership.rank ?? 0
    let talk = try Talk(membership, rank)
    defer { talk.fabric.close() }
    talk.passBall(rounds: 200)
    let began = nanoseconds()
    talk.passBall(rounds: 2_000)
    if rank == 0 {
      say("8 B there and back: \((nanoseconds() - began) / 2_000 / 1000) µs")
    }
    for (size, count) in [(8, 20_000), (4096, 4_000), (1 << 20, 64)] {
      let began = nanoseconds()
      talk.stream(size: size, count: count)
      guard rank == 0 else { continue }
      let took = Double(nanoseconds() - began) / 1e9
      let rate = Int(Double(size * count) / took / 1e6)
      say("\(size) B: \(Int(Double(count) / took)) writes/s, \(rate) MB/s")
    }
  }
}

private func nanoseconds() -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Two members with a ring of payload each and two cells.
private final class Talk {
  static let slots = 16
  static let slotBytes = 1 << 20
  static let sentCell = 0
  static let ringPlace = Limits.pageBytes

  let fabric: any Fabric
  let rank: Rank
  private let own: Segment
  private let other: Segment
  private var pushes = Pushes()
  private var events: [FabricEvent] = []
  private var isGone = false
  /// What the own cell and the other's have come to.
  private var count: UInt64 = 0

  init(_ membership: Membership, _ rank: Int) throws {
    let plan = try GroupPlan(
      (0..<2).map { index in
        var segment = SegmentPlan()
        segment.add(
          "cells", byteCount: Limits.pageBytes, kind: .cells, writers: RankSet([Rank(index)]),
          holders: RankSet(first: 2))
        segment.add(
          "ring", byteCount: Self.slots * Self.slotBytes, kind: .payload,
          writers: RankSet([Rank(index)]), holders: RankSet(first: 2))
        return segment
      })
    self.rank = Rank(rank)
    fabric = try membership.open(self.rank, plan, membership.addresses(round: 0))
    own = fabric.segment(self.rank)
    other = fabric.segment(Rank(1 - rank))
  }

  private var target: RankSet { RankSet([Rank(1 - rank.index)]) }

  private func push(_ offset: Int, _ byteCount: Int, _ kind: RegionKind) {
    pushes.append(
      Push(owner: rank, offset: offset, byteCount: byteCount, kind: kind, targets: target))
  }

  private func publish(_ value: UInt64) {
    own.store(value, at: Self.sentCell)
    push(Self.sentCell, 8, .cells)
    fabric.push(pushes)
    pushes.removeAll()
  }

  /// Waits until the other's cell has come so far.
  private func wait(for value: UInt64) {
    while !isGone, other.load(Self.sentCell) < value {
      look()
      if other.load(Self.sentCell) >= value { return }
      fabric.arm()
      look()
      if isGone || other.load(Self.sentCell) >= value {
        fabric.disarm()
      } else {
        fabric.park(nanoseconds: 1_000_000_000)
      }
    }
  }

  private func look() {
    _ = fabric.poll(into: &events)
    if !events.isEmpty { isGone = true }
  }

  /// Both raise their cells in turn.
  func passBall(rounds: UInt64) {
    let first = count
    count += rounds
    for round in (first + 1)...count {
      if rank.index == 0 { publish(round) }
      wait(for: round)
      if rank.index == 1 { publish(round) }
    }
  }

  /// Rank 0 writes, at most as many slots ahead as there are; rank 1 tells how far it has seen.
  func stream(size: Int, count messages: Int) {
    let first = count
    count += UInt64(messages)
    if rank.index == 0 {
      for number in (first + 1)...count {
        if number > UInt64(Self.slots) { wait(for: number - UInt64(Self.slots)) }
        let slot = Int(number % UInt64(Self.slots))
        push(Self.ringPlace + slot * Self.slotBytes, size, .payload)
        publish(number)
      }
      wait(for: count)
    } else {
      var seen = first
      while !isGone, seen < count {
        wait(for: seen + 1)
        seen = min(count, other.load(Self.sentCell))
        publish(seen)
      }
    }
  }
}
