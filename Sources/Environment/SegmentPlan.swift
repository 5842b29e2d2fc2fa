// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What a region holds, which decides how a fabric moves it.
package enum RegionKind: UInt8, Sendable {
  /// Aligned 8-byte cells. A push carries their values at the time of posting, and no cell arrives
  /// in pieces.
  case cells
  /// Plain bytes, published by a cell that is pushed later. A fabric may read them from the
  /// sender's memory until they have arrived: the sender leaves them as they are until a receiver's
  /// column says so.
  case payload
}

/// A range of one member's segment with its writers and holders.
package struct Region: Sendable, Hashable {
  package let name: String
  /// Bytes from the start of the segment; a multiple of a page.
  package let offset: Int
  package let byteCount: Int
  package let kind: RegionKind
  /// Who may push this region: its owner, and for relayed blocks the holders too.
  package let writers: RankSet
  /// Who holds a copy of it (the owner always does).
  package let holders: RankSet

  package init(
    name: String, offset: Int, byteCount: Int, kind: RegionKind, writers: RankSet,
    holders: RankSet
  ) {
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.kind = kind
    self.writers = writers
    self.holders = holders
  }

  package func contains(_ start: Int, _ count: Int) -> Bool {
    start >= offset && count >= 0 && start - offset <= byteCount - count
  }
}

/// One member's memory as everybody knows it: at the same offsets in its segment and every copy.
package struct SegmentPlan: Sendable, Hashable {
  package private(set) var regions: [Region] = []
  /// A multiple of a page.
  package private(set) var byteCount = 0

  package init() {}

  /// Adds a region behind those that are there, and returns where it begins.
  @discardableResult
  package mutating func add(
    _ name: String, byteCount count: Int, kind: RegionKind, writers: RankSet, holders: RankSet
  ) -> Int {
    let offset = byteCount
    let pages = (count + Limits.pageBytes - 1) / Limits.pageBytes
    regions.append(
      Region(
        name: name, offset: offset, byteCount: pages * Limits.pageBytes, kind: kind,
        writers: writers, holders: holders))
    byteCount += pages * Limits.pageBytes
    return offset
  }

  /// The region that holds the whole range, if one does. O(log regions).
  package func region(_ offset: Int, _ count: Int) -> Region? {
    var low = 0
    var high = regions.count
    while low < high {
      let middle = (low + high) / 2
      if regions[middle].offset + regions[middle].byteCount <= offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < regions.count, regions[low].contains(offset, count) else { return nil }
    return regions[low]
  }
}

/// The memory of a whole group: one segment for each member. All members compute the same plan;
/// its fingerprint is compared when they connect.
package struct GroupPlan: Sendable, Hashable {
  /// By rank.
  package let segments: [SegmentPlan]
  /// What else all members must agree on: how they use the memory.
  private let rules: String

  /// Throws where there are too many members, or none.
  package init(_ segments: [SegmentPlan], rules: String = "") throws {
    guard (1...Limits.members).contains(segments.count) else {
      throw GroupError.memberCount(segments.count)
    }
    self.segments = segments
    self.rules = rules
  }

  package var members: RankSet { RankSet(first: segments.count) }

  /// FNV-1a over everything a peer relies on: sizes, kinds, writers, holders, names, rules.
  package var fingerprint: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    func mix(_ word: UInt64) {
      for place in 0..<8 { mix(UInt8(truncatingIfNeeded: word >> UInt64(8 * place))) }
    }
    for byte in rules.utf8 { mix(byte) }
    for segment in segments {
      mix(UInt64(segment.byteCount))
      for region in segment.regions {
        for byte in region.name.utf8 { mix(byte) }
        mix(UInt64(region.offset))
        mix(UInt64(region.byteCount))
        mix(region.kind.rawValue)
        mix(region.writers.bits)
        mix(region.holders.bits)
      }
    }
    return hash
  }
}

/// Why a group cannot be formed.
package enum GroupError: Error, Hashable, CustomStringConvertible {
  case memberCount(Int)

  package var description: String {
    switch self {
    case .memberCount(let count):
      "a group has 1 to \(Limits.members) members, not \(count): use fewer, or several groups"
    }
  }
}
