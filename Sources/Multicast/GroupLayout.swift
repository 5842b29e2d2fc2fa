// SPDX-License-Identifier: Apache-2.0
package import Environment
package import StateTable
import Vocabulary

/// Where a subgroup's columns and rings are: the same in every member's segment.
package struct SubgroupLayout: Sendable, Hashable {
  package let plan: SubgroupPlan
  /// Messages that a sender has put into its ring, skipped turns included.
  package let sent: Column
  /// Bytes that a sender has put into its ring.
  package let tail: Column
  /// Places of the total order that a receiver has, without a gap.
  package let received: Column
  /// Places of the total order that a receiver has delivered.
  package let delivered: Column
  /// Where each sender's ring of small messages begins in its segment.
  package let smallRings: [Int]
  /// Where each sender's ring of blocks begins in its segment.
  package let blockRings: [Int]
  /// By rank: where a member's block counters begin in its segment; nil where blocks need not be
  /// passed on.
  package let counters: [BlockCounters?]
  /// By sender: the groups in which its blocks are passed on, each beginning with the sender. Who
  /// sees the sender's memory in place is in none of them.
  let blockGroups: [[[Rank]]]
}

/// The memory of a group with its subgroups: schema, segments, and the place of everything in them.
/// A pure function of its arguments, so that all members agree on it.
package struct GroupLayout: Sendable, Hashable {
  package let schema: TableSchema
  package let plan: GroupPlan
  package let subgroups: [SubgroupLayout]
  /// Who shares memory with whom: what one writes, the others see in place, so that no block is
  /// passed on between them.
  package let hosts: Hosts

  package static let rowOffset = TableHeader.byteCount

  /// Lays out a group of members on `hosts` with columns of `schema` and the columns of the
  /// subgroups.
  package init(
    hosts: Hosts, schema base: TableSchema = TableSchema(), subgroups: [SubgroupPlan]
  ) throws {
    let members = hosts.members
    guard (1...Limits.members).contains(members) else { throw GroupError.memberCount(members) }
    var schema = base
    var columns: [[Column]] = []
    for subgroup in subgroups {
      subgroup.check()
      let name = subgroup.name
      let sending = schema.group("\(name).sent", "\(name).tail")
      columns.append(sending + schema.group("\(name).received", "\(name).delivered"))
    }
    let all = RankSet(first: members)
    var segments = (0..<members).map { index in
      var segment = SegmentPlan()
      segment.add(
        "table", byteCount: Self.rowOffset + schema.rowBytes, kind: .cells,
        writers: RankSet([Rank(index)]), holders: all)
      return segment
    }
    self.subgroups = zip(subgroups, columns).map { subgroup, columns in
      Self.place(subgroup, columns, on: hosts, in: &segments)
    }
    self.schema = schema
    self.hosts = hosts
    let rules = subgroups.map(\.rules).joined(separator: "\n")
    plan = try GroupPlan(segments, rules: "\(schema.text)\(rules)\nhosts \(hosts)")
  }

  private static func place(
    _ subgroup: SubgroupPlan, _ columns: [Column], on hosts: Hosts,
    in segments: inout [SegmentPlan]
  ) -> SubgroupLayout {
    precondition(
      subgroup.participants.subtracting(RankSet(first: segments.count)).isEmpty,
      "\(subgroup.name) has members outside of the group")
    var small: [Int] = []
    var blocks: [Int] = []
    for sender in subgroup.senders {
      let index = sender.index
      small.append(
        segments[index].add(
          "\(subgroup.name).small", byteCount: subgroup.smallRingBytes, kind: .payload,
          writers: RankSet([sender]), holders: subgroup.receivers))
      blocks.append(
        segments[index].add(
          "\(subgroup.name).blocks", byteCount: subgroup.blockRingBytes, kind: .payload,
          writers: subgroup.receivers.union(RankSet([sender])), holders: subgroup.receivers))
    }
    var counters = [BlockCounters?](repeating: nil, count: segments.count)
    let groups = subgroup.senders.map { sender in
      subgroup.blockRingBytes > 0 ? subgroup.blockGroups(of: sender, on: hosts) : []
    }
    if groups.contains(where: { !$0.isEmpty }) {
      for member in subgroup.participants {
        let offset = segments[member.index].add(
          "\(subgroup.name).counters", byteCount: BlockCounters.byteCount(subgroup), kind: .cells,
          writers: RankSet([member]), holders: subgroup.participants)
        counters[member.index] = BlockCounters(subgroup, owner: member, offset: offset)
      }
    }
    return SubgroupLayout(
      plan: subgroup, sent: columns[0], tail: columns[1], received: columns[2],
      delivered: columns[3], smallRings: small, blockRings: blocks, counters: counters,
      blockGroups: groups)
  }
}
