// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import FabricConformance
import Glibc
import StateTable
import Synchronization
import Vocabulary

/// `FabricCheck hold`: a group with a state table that stays as it is, for inspectors.
struct Hold: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Holds a state table until standard input ends.")

  @OptionGroup var membership: Membership
  @Flag(help: "Leave the segments without a table.") var bare = false

  func run() throws {
    var schema = TableSchema()
    let counters = schema.group("sent", "received")
    let many = schema.group("votes", count: 12)
    let members = membership.members
    let plan = try GroupPlan(
      (0..<members).map { index in
        var segment = SegmentPlan()
        segment.add(
          "table", byteCount: TableHeader.byteCount + schema.rowBytes, kind: .cells,
          writers: RankSet([Rank(index)]), holders: RankSet(first: members))
        return segment
      })
    let ranks = membership.rank.map { [Rank($0)] } ?? Array(plan.members)
    let ready = Atomic<Int>(0)
    let isEnded = Atomic<Bool>(false)
    let open = membership.open
    let places = membership.addresses(round: 0)
    let shown = schema
    let isBare = bare
    let hold: @Sendable (Rank) throws -> Void = { rank in
      let fabric = try open(rank, plan, places)
      defer { fabric.close() }
      let segments = plan.members.map { fabric.segment($0) }
      let table = StateTable(
        schema: shown, rank: rank, segments: segments, rowOffset: TableHeader.byteCount)
      var pushes = Pushes()
      if !isBare {
        TableHeader(
          rank: rank, members: members, rowOffset: TableHeader.byteCount, schema: shown
        ).write(to: fabric.segment(rank))
        for (place, column) in (counters + many).enumerated() {
          table.advance(
            column, to: UInt64(100 * (place + 1) + rank.index), telling: plan.members, into: &pushes
          )
        }
        fabric.push(pushes)
      }
      ready.add(1, ordering: .releasing)
      var events: [FabricEvent] = []
      while !isEnded.load(ordering: .relaxed) {
        _ = fabric.poll(into: &events)
        usleep(10_000)
      }
    }
    let failure = Mutex<(any Error)?>(nil)
    let hasEnded = CheckThreads.run(ranks.count + 1, limitSeconds: 600) { index in
      guard index < ranks.count else {
        while ready.load(ordering: .acquiring) < ranks.count, !isEnded.load(ordering: .relaxed) {
          usleep(1_000)
        }
        say("ready")
        var byte: UInt8 = 0
        while unsafe read(STDIN_FILENO, &byte, 1) > 0 {}
        isEnded.store(true, ordering: .relaxed)
        return
      }
      do { try hold(ranks[index]) } catch {
        failure.withLock { $0 = error }
        isEnded.store(true, ordering: .relaxed)
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    if !hasEnded { throw ExitCode(1) }
  }
}
