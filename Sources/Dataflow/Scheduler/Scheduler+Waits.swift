// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Vocabulary

/// A wait always says what it waits for.
extension Scheduler {
  /// What a job that is not over waits for, in words. `name` is what people call a node.
  package func waits(
    _ job: JobID, _ board: Board, _ table: some StepTable, name: (NodeID) -> String
  ) -> String {
    guard stock.isKnown else { return "members have not told yet which results they hold" }
    guard let run = runs.first(where: { $0.id == job }) else {
      return "\(runs.count) jobs are before it"
    }
    switch run.phase {
    case .planning: return "an executor builds its plan"
    case .listing(let left): return "executors look for the input files of \(left) stages"
    case .beginning: return "the coordinators choose the versions of results that it reads"
    case .ready: return run.waits ?? "its next stage begins"
    case .sampling(_, let sampling):
      let left = sampling.keys.count { $0 == nil }
      return "\(left) of \(sampling.keys.count) splits have not told their sort keys"
    case .working(let step, let work): return waits(step, work, board, table, name)
    case .comparing(_, let comparison):
      let names = comparison.replicas.map(name).joined(separator: " and ")
      return "\(names) made different runs: they look for the first record that differs"
    case .committing: return "the coordinators commit a stage"
    case .failing: return "the coordinators take note of its failure"
    }
  }

  private func waits(
    _ step: StepID, _ work: Working, _ board: Board, _ table: some StepTable,
    _ name: (NodeID) -> String
  ) -> String {
    guard let known = board[step] else { return "members take note of step \(step)" }
    guard work.isResumed, !known.isSuspended else {
      let missing = work.held.indices.filter { work.held[$0] == nil }
      let shards = missing.map(String.init).joined(separator: ", ")
      return "replicas of shards \(shards) have not told which splits they have"
    }
    guard let assigning = work.assigning else { return "its splits are given to nodes" }
    if !assigning.isIdle {
      let busy = assigning.outstanding.map { "\(name(view.members[$0.rank])) \($0.count)" }
      let who = busy.isEmpty ? "nobody can read" : "under way at \(busy.joined(separator: ", "))"
      return "\(assigning.waitingCount) splits are not given out; \(who)"
    }
    var late: [String] = []
    for (shard, replicas) in known.participants.enumerated() {
      for replica in replicas
      where table.prepared(known.plan.lane, of: replica) < known.ordinal {
        late.append("\(name(replica)) (shard \(shard))")
      }
    }
    return "not finished yet: \(late.joined(separator: ", "))"
  }
}
