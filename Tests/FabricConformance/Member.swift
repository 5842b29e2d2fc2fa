// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import TestSupport
package import Vocabulary

/// A member of a group under check: its fabric, and what every program needs.
///
/// Every segment begins with a *board*, a page of cells that all members hold.
package final class Member {
  package let fabric: any Fabric
  package let part: Part
  package var random: RandomSource
  /// All peers that were reported gone.
  package private(set) var gone = RankSet()
  /// The driver's clock: real, or that of a simulation.
  private let clock: () -> UInt64
  private var pushes = Pushes()
  private var events: [FabricEvent] = []
  private var isFinished = false
  private let segments: [Segment]

  package static let boardBytes = Limits.pageBytes
  private static let finishedCell = 0

  package init(_ fabric: any Fabric, _ part: Part, clock: @escaping () -> UInt64) {
    self.fabric = fabric
    self.part = part
    self.clock = clock
    random = RandomSource(part.seed &+ 977 &* part.rank.index)
    segments = part.all.map { fabric.segment($0) }
  }

  package var nanoseconds: UInt64 { clock() }
  package var rank: Rank { part.rank }
  /// Peers of which nothing is known but that they live.
  package var livePeers: RankSet { part.peers.subtracting(gone) }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  /// A plan of `members` segments, each with a board and what `more` adds behind it.
  package static func plan(
    _ members: Int, _ more: (inout SegmentPlan, _ owner: Rank) -> Void = { _, _ in }
  ) throws -> GroupPlan {
    try GroupPlan(
      (0..<members).map { index in
        var segment = SegmentPlan()
        segment.add(
          "board", byteCount: boardBytes, kind: .cells, writers: RankSet([Rank(index)]),
          holders: RankSet(first: members))
        more(&segment, Rank(index))
        return segment
      })
  }

  /// A cell of a member's board.
  package func board(_ cell: Int, of owner: Rank) -> UInt64 { segment(owner).load(8 * cell) }

  /// Stores a cell of the own board and asks for its push.
  package func setBoard(_ cell: Int, _ value: UInt64, telling targets: RankSet) {
    setCell(8 * cell, value, telling: targets)
  }

  /// Stores a cell of the own segment and asks for its push.
  package func setCell(_ offset: Int, _ value: UInt64, telling targets: RankSet) {
    segment(rank).store(value, at: offset)
    ask(rank, offset, 8, .cells, targets)
  }

  /// Asks for a push at the end of the turn.
  package func ask(
    _ owner: Rank, _ offset: Int, _ count: Int, _ kind: RegionKind, _ targets: RankSet
  ) {
    pushes.append(
      Push(owner: owner, offset: offset, byteCount: count, kind: kind, targets: targets))
  }

  /// Posts now what was asked for.
  package func post() {
    if !pushes.isEmpty { fabric.push(pushes) }
    pushes.removeAll()
  }

  /// One turn: poll, the program, push. Once the program is done, waits until all others are.
  package func turn(_ program: any MemberProgram) throws -> Turn {
    _ = fabric.poll(into: &events)
    try takeEvents(program)
    if isFinished { return hasEnded ? .done : .idle }
    let turn = try program.turn(self)
    if turn == .done {
      isFinished = true
      setBoard(Self.finishedCell, 1, telling: part.peers)
    }
    post()
    return turn == .done ? .progress : turn
  }

  /// Reads events outside of a turn, for programs that poll by themselves.
  package func pollNow(_ program: any MemberProgram) throws {
    _ = fabric.poll(into: &events)
    try takeEvents(program)
  }

  private var hasEnded: Bool {
    livePeers.allSatisfy { board(Self.finishedCell, of: $0) != 0 }
  }

  private func takeEvents(_ program: any MemberProgram) throws {
    defer { events.removeAll() }
    for event in events {
      switch event {
      case .refused(let rank, let reason):
        throw Violation("\(rank) was refused, though it did nothing wrong: \(reason)")
      case .unreachable(let rank, let reason):
        guard part.peers.contains(rank) else { throw Violation("\(rank) is no peer, and is gone") }
        guard !gone.contains(rank) else { throw Violation("\(rank) was reported gone twice") }
        gone.insert(rank)
        // Who is done may go as soon as all are done, this member included.
        guard isFinished || program.mayBeGone(rank) else {
          throw Violation("\(rank) is gone, in the middle: \(reason)", isConsequence: true)
        }
      }
    }
  }
}
