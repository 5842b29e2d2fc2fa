// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What a subgroup is there for.
package enum Role: Hashable, Sendable, CustomStringConvertible {
  /// Holds what the whole cluster knows.
  case coordinator
  /// Holds the keys of one part of a result.
  case shard(Int)
  /// Carries what all nodes tell all nodes of jobs. It holds no state.
  case control

  package var holdsState: Bool { self != .control }

  package var description: String {
    switch self {
    case .coordinator: "coordinator"
    case .shard(let index): "shard\(index)"
    case .control: "control"
    }
  }
}

/// Who sends and who receives in a subgroup of a view, and who of them holds its state.
package struct SubgroupAssignment: Hashable, Sendable {
  package let role: Role
  /// In the order of their turns.
  package let senders: [Rank]
  package let receivers: RankSet
  /// Receivers that hold the state when the view begins; the others are given it.
  package let holders: RankSet
  /// The view in which its state began: from nothing, when the cluster was founded, or again after
  /// all who held it were lost.
  package let bornIn: UInt64

  package init(
    role: Role, senders: [Rank], receivers: RankSet, holders: RankSet, bornIn: UInt64
  ) {
    self.role = role
    self.senders = senders
    self.receivers = receivers
    self.holders = holders
    self.bornIn = bornIn
  }

  /// Receivers that are given the state.
  package var joiners: RankSet { receivers.subtracting(holders) }
  /// Who gives it to them.
  package var donor: Rank? { joiners.isEmpty ? nil : holders.first }
}

/// What decides a layout besides the members. The same at all nodes of a cluster.
package struct LayoutRules: Hashable, Sendable {
  /// Members of the coordinator subgroup, where there are so many.
  package let coordinators: Int
  /// Shards that keys are spread over.
  package let shards: Int
  /// Replicas of each shard, where there are so many members.
  package let replicas: Int

  package init(coordinators: Int = 3, shards: Int = 0, replicas: Int = 2) {
    precondition(coordinators >= 1 && replicas >= 1, "state has a replica")
    precondition((0...Limits.shards).contains(shards), "at most \(Limits.shards) shards")
    self.coordinators = coordinators
    self.shards = shards
    self.replicas = replicas
  }

  package var text: String {
    "\(coordinators) coordinators, \(shards) shards, \(replicas) replicas"
  }
}
