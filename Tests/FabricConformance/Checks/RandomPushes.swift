// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import TestSupport
import Vocabulary

extension Check {
  /// Random ranges of random regions to random targets, held against a model of prefix order.
  package static let randomPushes = Check(
    name: "random", promise: "what is visible is always what a prefix of the pushes leaves",
    layout: { members in
      try Member.plan(members) { segment, owner in
        for (index, area) in PushSchedule.areas(members, owner).enumerated() {
          segment.add(
            "area \(index)", byteCount: area.byteCount, kind: area.kind, writers: RankSet([owner]),
            holders: area.holders)
        }
      }
    },
    program: { RandomProgram($0) })
}

/// Posts its own schedule, and follows those of all others.
final class RandomProgram: MemberProgram {
  /// From here on: up to which push of each member this one has verified everything.
  private static let verifiedCell = 64
  /// Pushes that are not yet verified everywhere, at most.
  private static let window: UInt64 = 2_000

  private let part: Part
  private let pushes: UInt64
  private var schedule: PushSchedule
  private var followers: [ScheduleFollower?]
  private var pattern = Pattern()
  /// The next batch, which waits for room.
  private var batch: [Posting]
  private var posted: UInt64 = 0
  /// By place in the segment (in units of the smallest slot): the last push of payload there.
  private var lastPayload: [Int: UInt64] = [:]

  init(_ part: Part) {
    self.part = part
    pushes = UInt64((part.scale == .full ? 1_000_000 : 60_000) / part.members)
    schedule = PushSchedule(part, owner: part.rank)
    followers = part.all.map { $0 == part.rank ? nil : ScheduleFollower(part, owner: $0) }
    batch = schedule.nextBatch()
  }

  var standing: String {
    "posted \(posted) of \(pushes), verified \(followers.map { $0?.verified ?? 0 })"
  }

  func turn(_ member: Member) throws -> Turn {
    var moved = false
    for peer in part.peers {
      guard let verified = try followers[peer.index]?.follow(member, &pattern) else { continue }
      member.setBoard(Self.verifiedCell + peer.index, verified, telling: RankSet([peer]))
      moved = true
    }
    for _ in 0..<4 where post(member) { moved = true }
    let isDone =
      posted >= pushes && slowest(member) + 1 >= posted
      && part.peers.allSatisfy { followers[$0.index]?.hasSeen(pushes) == true }
    return isDone ? .done : moved ? .progress : .idle
  }

  private func slowest(_ member: Member) -> UInt64 {
    part.peers.map { member.board(Self.verifiedCell + part.rank.index, of: $0) }.min() ?? 0
  }

  /// Posts the next batch where its payload may overwrite what was there.
  private func post(_ member: Member) -> Bool {
    guard posted < pushes else { return false }
    let verified = slowest(member)
    guard posted < verified + Self.window else { return false }
    for posting in batch where posting.kind == .payload {
      let slot = slot(posting)
      if let last = lastPayload[slot], last > verified { return false }
    }
    let segment = member.segment(part.rank)
    for posting in batch {
      switch posting.kind {
      case .payload:
        lastPayload[slot(posting)] = posting.number
        let key = patternKey(part.seed, part.rank.index, posting.number)
        pattern.write(key, posting.byteCount, to: segment, at: posting.offset)
      case .cells:
        let word = PushSchedule.word(posting.number)
        var offset = posting.offset
        while offset < posting.offset + posting.byteCount {
          segment.store(word, at: offset)
          offset += 8
        }
      }
      member.ask(
        part.rank, posting.offset, posting.byteCount, posting.kind, posting.targets)
    }
    member.post()
    posted = batch.last?.number ?? posted
    batch = schedule.nextBatch()
    return true
  }

  private func slot(_ posting: Posting) -> Int {
    let area = schedule.areas[posting.region]
    return area.offset + (posting.offset - area.offset) / area.slotBytes * area.slotBytes
  }
}

/// The model: what a receiver has to see after each prefix of a member's pushes.
struct ScheduleFollower {
  private let part: Part
  private let owner: Rank
  private var schedule: PushSchedule
  private var ahead: [Posting] = []
  private var next = 0
  /// By cell of the segment: the last push to this member that covered it.
  private var expected: [UInt64]
  private var random: RandomSource
  private(set) var verified: UInt64 = 0
  private var seen: UInt64 = 0
  private let cellAreas: [PushSchedule.Area]

  private static let samples = 12

  init(_ part: Part, owner: Rank) {
    self.part = part
    self.owner = owner
    schedule = PushSchedule(part, owner: owner)
    let end = schedule.areas.map { $0.offset + $0.byteCount }.max() ?? 0
    expected = Array(repeating: 0, count: end / 8)
    random = RandomSource(part.seed &+ 13 &* owner.index &+ part.rank.index)
    cellAreas = schedule.areas.filter { $0.kind == .cells && $0.holders.contains(part.rank) }
  }

  /// Whether a batch that ends at or past a number has been seen whole.
  func hasSeen(_ number: UInt64) -> Bool { seen >= number }

  private func number(_ offset: Int, _ segment: Segment) throws -> UInt64 {
    let value = segment.load(offset)
    let number = value >> 32
    guard value == 0 || value == PushSchedule.word(number) else {
      throw Violation("\(part.rank) sees a torn cell of \(owner): \(String(value, radix: 16))")
    }
    return number
  }

  /// Looks at some cells, and checks that all pushes before the newest one seen are visible.
  /// Returns up to where all is verified, nil where that is not news.
  mutating func follow(_ member: Member, _ pattern: inout Pattern) throws -> UInt64? {
    let segment = member.segment(owner)
    var offsets: [Int] = []
    seen = try number(8 * PushSchedule.batchCell, segment)
    var newest = seen
    for _ in 0..<Self.samples {
      let area = cellAreas[Int(random.next() % UInt64(cellAreas.count))]
      let cell = Int(random.next() % UInt64(area.byteCount / 8))
      offsets.append(area.offset + 8 * cell)
      newest = max(newest, try number(area.offset + 8 * cell, segment))
    }
    guard newest > verified + 1 else { return nil }
    var touched: [Int] = []
    // The newest push itself may be there in part.
    while posting.number < newest {
      try apply(posting, segment, &pattern, &touched)
      verified = posting.number
      next += 1
    }
    for offset in offsets + touched {
      let value = try number(offset, segment)
      guard value >= expected[offset / 8] else {
        throw Violation(
          "\(part.rank) sees push \(newest) of \(owner), but cell \(offset) is still that of "
            + "push \(value), and push \(expected[offset / 8]) came between")
      }
    }
    return verified
  }

  private var posting: Posting {
    mutating get {
      while next >= ahead.count {
        ahead = schedule.nextBatch()
        next = 0
      }
      return ahead[next]
    }
  }

  private mutating func apply(
    _ posting: Posting, _ segment: Segment, _ pattern: inout Pattern, _ touched: inout [Int]
  ) throws {
    guard posting.targets.contains(part.rank) else { return }
    switch posting.kind {
    case .cells:
      for cell in 0..<(posting.byteCount / 8) {
        expected[posting.offset / 8 + cell] = posting.number
      }
      touched.append(posting.offset)
      touched.append(posting.offset + posting.byteCount - 8)
    case .payload:
      let key = patternKey(part.seed, owner.index, posting.number)
      guard pattern.stands(key, posting.byteCount, in: segment, at: posting.offset) else {
        throw Violation(
          "\(part.rank) lacks the \(posting.byteCount) bytes of push \(posting.number) of \(owner)")
      }
    }
  }
}
