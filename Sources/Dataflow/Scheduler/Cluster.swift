// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Vocabulary

/// A view as far as steps are concerned.
package struct ClusterView: Hashable, Sendable {
  package let number: UInt64
  /// By rank.
  package let members: [NodeID]
  /// By shard: its receivers, in the order of ranks.
  package let receivers: [[NodeID]]
  /// The coordinator that schedules: the one of the lowest rank.
  package let scheduler: NodeID
  /// What is missing for jobs to run; nil where nothing is.
  package let inadequacy: String?

  package init(
    number: UInt64, members: [NodeID], receivers: [[NodeID]], scheduler: NodeID,
    inadequacy: String?
  ) {
    self.number = number
    self.members = members
    self.receivers = receivers
    self.scheduler = scheduler
    self.inadequacy = inadequacy
  }

  package var map: ShardMap { ShardMap(shards: receivers.count) }

  /// The shards that a node receives.
  package func shards(of node: NodeID) -> [Int] {
    receivers.indices.filter { receivers[$0].contains(node) }
  }
}

/// What members tell of steps in the state table, by lane. Cells of a lane count from the beginning
/// of the view.
package protocol StepTable {
  /// Executors of a node.
  func slots(of node: NodeID) -> Int
  /// Attempts of a step that the node was assigned in this view and that are done, of the first
  /// ones.
  func mapped(_ lane: Int, ordinal: UInt64, of node: NodeID) -> Int
  /// The ordinal of the last step of which all runs of the node's shards are there.
  func prepared(_ lane: Int, of node: NodeID) -> UInt64
  /// What a partition came to at a node, once it is prepared. Counters are not among it.
  func tally(_ lane: Int, partition: Int, of node: NodeID) -> RunTally
  /// What all splits came to, by a node that is prepared. Counters are not among it.
  func input(_ lane: Int, of node: NodeID) -> SplitTally
  /// Bytes that went to scratch at a node that is prepared.
  func spilledBytes(_ lane: Int, of node: NodeID) -> Int
}

extension StepTable {
  /// Where nothing does.
  package func spilledBytes(_ lane: Int, of node: NodeID) -> Int { 0 }
}

/// What a scheduler wants done, in order.
package struct Orders: Sendable {
  /// To all members.
  package var messages: [ControlMessage] = []
  /// To the coordinators.
  package var commands: [JobCommand] = []
  /// To an executor of its own node.
  package var errands: [(Errand, JobSpec)] = []

  package init() {}
}

/// What a scheduler asks an executor of its own node, before a job begins.
package enum Errand: Hashable, Sendable {
  case plan(JobID)
  case list(JobID, BranchID)

  var job: JobID {
    switch self {
    case .plan(let job), .list(let job, _): job
    }
  }
}

/// What of it came.
package enum ErrandReport: Sendable {
  /// With the files of each input that reads some.
  case planned(PlanDescription, files: [BranchFiles])
  case listed([InputFile])
  case failed(JobFailure)
  /// The executor has died over it.
  case died(JobFailure)
}
