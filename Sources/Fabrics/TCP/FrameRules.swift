// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Vocabulary

/// Why a frame of a peer is not applied.
package enum FrameRefusal: Sendable, Hashable, CustomStringConvertible {
  case header
  case size(Int)
  case owner(Int)
  case kind(Int)
  case outside(owner: Int, offset: UInt64, count: Int)
  case alignment(owner: Int, offset: UInt64, count: Int)
  case otherKind(owner: Int, region: String)
  case writer(owner: Int, region: String)
  case holder(owner: Int, region: String)
  case inPlace(owner: Int)

  package var description: String {
    switch self {
    case .header: "it sent bytes that are no frame"
    case .size(let count): "it sent a frame of \(count) bytes"
    case .owner(let owner): "it wrote to the segment of rank \(owner), which is not in the group"
    case .kind(let kind): "it sent a frame of the unknown kind \(kind)"
    case .outside(let owner, let offset, let count):
      "it wrote \(count) bytes at \(offset) of rank \(owner)'s segment, where no region holds them"
    case .alignment(let owner, let offset, let count):
      "it wrote \(count) bytes at \(offset) of rank \(owner)'s segment, which are no whole cells"
    case .otherKind(let owner, let region):
      "it took cells for payload, or payload for cells, in \(region) of rank \(owner)"
    case .writer(let owner, let region): "it may not write \(region) of rank \(owner)"
    case .inPlace(let owner): "this member sees the segment of rank \(owner) in place"
    case .holder(let owner, let region): "this member holds no copy of \(region) of rank \(owner)"
    }
  }
}

/// What one peer may write into this member's copies: the plan, made quick to ask.
package struct FrameRules: Sendable {
  private struct Range {
    let offset: UInt64
    let byteCount: UInt64
    let kind: RegionKind
  }

  private let plan: GroupPlan
  private let me: Rank
  private let peer: Rank
  /// Members whose memory this one sees in place: nobody sends it.
  private let inPlace: RankSet
  /// What is allowed, by owner and then by offset.
  private var ranges: [Range] = []
  /// Where an owner's ranges begin; one more than there are members.
  private var starts: [Int] = [0]

  package init(plan: GroupPlan, me: Rank, peer: Rank, inPlace: RankSet = RankSet()) {
    self.plan = plan
    self.me = me
    self.peer = peer
    self.inPlace = inPlace
    for (owner, segment) in plan.segments.enumerated() {
      for region in segment.regions
      where region.byteCount > 0 && region.writers.contains(peer)
        && (region.holders.contains(me) || owner == me.index) && !inPlace.contains(Rank(owner))
      {
        ranges.append(
          Range(
            offset: UInt64(region.offset), byteCount: UInt64(region.byteCount), kind: region.kind))
      }
      starts.append(ranges.count)
    }
  }

  /// Nil where the frame may be applied. O(log regions).
  func objection(to header: FrameHeader) -> FrameRefusal? {
    let count = UInt64(header.byteCount)
    guard count > 0, header.byteCount <= FrameHeader.bodyBytesMaximum else {
      return .size(header.byteCount)
    }
    guard header.owner < plan.segments.count else { return .owner(header.owner) }
    guard let kind = RegionKind(rawValue: header.kindValue) else {
      return .kind(Int(header.kindValue))
    }
    var low = starts[header.owner]
    var high = starts[header.owner + 1]
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].offset + ranges[middle].byteCount <= header.offset {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < starts[header.owner + 1], header.offset >= ranges[low].offset,
      count <= ranges[low].byteCount - (header.offset - ranges[low].offset),
      ranges[low].kind == kind
    else { return reason(header, kind) }
    if kind == .cells, header.offset & 7 != 0 || count & 7 != 0 {
      return .alignment(owner: header.owner, offset: header.offset, count: header.byteCount)
    }
    return nil
  }

  /// What is wrong with a frame that is in no allowed range.
  private func reason(_ header: FrameHeader, _ kind: RegionKind) -> FrameRefusal {
    let owner = header.owner
    if inPlace.contains(Rank(owner)) { return .inPlace(owner: owner) }
    guard header.offset <= UInt64(Int.max / 2),
      let region = plan.segments[owner].region(Int(header.offset), header.byteCount)
    else { return .outside(owner: owner, offset: header.offset, count: header.byteCount) }
    if !region.writers.contains(peer) { return .writer(owner: owner, region: region.name) }
    if !region.holders.contains(me), owner != me.index {
      return .holder(owner: owner, region: region.name)
    }
    return .otherKind(owner: owner, region: region.name)
  }
}
