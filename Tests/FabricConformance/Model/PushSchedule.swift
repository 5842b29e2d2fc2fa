// SPDX-License-Identifier: Apache-2.0
import Environment
import TestSupport
import Vocabulary

/// One push of a random schedule. Numbers count a member's pushes from 1.
struct Posting {
  let number: UInt64
  let region: Int
  /// Bytes from the start of the segment.
  let offset: Int
  let byteCount: Int
  let kind: RegionKind
  let targets: RankSet
  /// The number of the last push of the same batch: what may be overwritten waits for all of it.
  var isLast = false
}

/// The pushes of one member, as they follow from the seed: sender and receivers make the same
/// list, so that a receiver knows what each prefix of it leaves.
struct PushSchedule {
  /// Regions of a segment behind the board, with their holders seen from the owner.
  struct Area {
    let kind: RegionKind
    let offset: Int
    let byteCount: Int
    /// Cells or bytes that are written together; a batch touches each such slot at most once.
    let slotBytes: Int
    let holders: RankSet
  }

  static let batchCell = 1
  private static let postingsMaximum = 8

  let areas: [Area]
  private let owner: Rank
  private let all: RankSet
  private var random: RandomSource
  private var number: UInt64 = 0

  init(_ part: Part, owner: Rank) {
    areas = Self.areas(part.members, owner)
    self.owner = owner
    all = part.all
    random = RandomSource(part.seed &+ 101 &* owner.index &+ 17)
  }

  /// Held by all, by two, and by all but one.
  static func areas(_ members: Int, _ owner: Rank) -> [Area] {
    let all = RankSet(first: members)
    let next = Rank((owner.index + 1) % members)
    let last = Rank((owner.index + members - 1) % members)
    let holders = [all, RankSet([owner, next]), members > 2 ? all.removing(next) : all]
    var offset = Member.boardBytes
    var areas: [Area] = []
    func add(_ kind: RegionKind, _ byteCount: Int, _ slotBytes: Int, _ holders: RankSet) {
      areas.append(
        Area(
          kind: kind, offset: offset, byteCount: byteCount, slotBytes: slotBytes,
          holders: holders))
      offset += byteCount
    }
    for set in holders {
      add(.cells, Limits.pageBytes, 128, set)
      add(.payload, 64 << 10, 2048, set)
    }
    add(.payload, 128 << 10, 64 << 10, RankSet([owner, last]))
    return areas
  }

  private mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

  /// The next pushes, which are posted in one list; the last one is a cell that all hold and see.
  mutating func nextBatch() -> [Posting] {
    var batch: [Posting] = []
    var touched: Set<Int> = []
    for _ in 0..<(1 + below(Self.postingsMaximum)) {
      // The area of large payload comes seldom.
      let place = below(16 * areas.count)
      let index = place < areas.count ? place : place % (areas.count - 1)
      let area = areas[index]
      let slot = below(area.byteCount / area.slotBytes)
      var targets = RankSet(bits: random.next()).intersection(area.holders)
      targets = targets.removing(owner)
      if targets.isEmpty { targets = area.holders.removing(owner) }
      guard touched.insert(index << 16 | slot).inserted else { continue }
      let unit = area.kind == .cells ? 8 : 1
      let first = below(area.slotBytes / unit)
      let count = 1 + below(area.slotBytes / unit - first)
      number += 1
      batch.append(
        Posting(
          number: number, region: index,
          offset: area.offset + slot * area.slotBytes + unit * first, byteCount: unit * count,
          kind: area.kind, targets: targets))
    }
    number += 1
    batch.append(
      Posting(
        number: number, region: -1, offset: 8 * Self.batchCell, byteCount: 8, kind: .cells,
        targets: all.removing(owner), isLast: true))
    return batch
  }

  /// A number as the value of a cell: the halves have to agree.
  static func word(_ number: UInt64) -> UInt64 { number << 32 | (number ^ 0x3C3C_C3C3) }
}
