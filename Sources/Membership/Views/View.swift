// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Who belongs to the group, and who does what, from one view change to the next. All members of a
/// view hold the same one.
package struct View: Hashable, Sendable {
  /// Drawn when the cluster was founded: two clusters of one name are not the same.
  package let cluster: NodeID
  /// Views follow each other without a gap, from 1.
  package let number: UInt64
  /// By rank. Who stays keeps its order; who joins comes behind.
  package let members: [MemberRecord]
  package let rules: LayoutRules
  package let subgroups: [SubgroupAssignment]

  package init(
    cluster: NodeID, number: UInt64, members: [MemberRecord], rules: LayoutRules,
    subgroups: [SubgroupAssignment]
  ) {
    self.cluster = cluster
    self.number = number
    self.members = members
    self.rules = rules
    self.subgroups = subgroups
  }

  /// The first view of a cluster: its founder alone, which holds all state there is.
  package static func founding(
    cluster: NodeID, founder: MemberRecord, rules: LayoutRules
  ) -> View {
    let subgroups = Layout.assign([founder], previous: [], rules: rules, view: 1)
    return View(
      cluster: cluster, number: 1, members: [founder], rules: rules, subgroups: subgroups)
  }

  package var ranks: RankSet { RankSet(first: members.count) }
  /// The fewest members of which any two sets have one in common.
  package var majority: Int { members.count / 2 + 1 }

  /// Whether some shard has more replicas than it is to have: one is about to be let go.
  var hasSurplus: Bool {
    subgroups.contains { subgroup in
      guard case .shard = subgroup.role else { return false }
      return subgroup.receivers.count > rules.replicas
    }
  }

  package func rank(of id: NodeID) -> Rank? {
    members.firstIndex { $0.id == id }.map { Rank($0) }
  }

  package func record(_ rank: Rank) -> MemberRecord { members[rank.index] }
  package func names(_ ranks: RankSet) -> String {
    ranks.map { members[$0.index].name }.joined(separator: ", ")
  }

  /// What this view still lacks to be one that jobs can run in; nil where it lacks nothing.
  package var inadequacy: String? {
    guard rules.shards > 0, members.count < rules.replicas else { return nil }
    let missing = rules.replicas - members.count
    return "\(rules.replicas) replicas of each shard need as many nodes: \(missing) more must join"
  }
}
