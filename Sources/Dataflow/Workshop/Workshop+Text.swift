// SPDX-License-Identifier: Apache-2.0

package import Vocabulary

extension Workshop {
  /// Whether nobody is to read a step's runs any more: it is neither under way nor among those
  /// that are needed. Of a step that is later than all that this node has heard of it cannot
  /// tell: others may be ahead.
  package func hasExpired(_ step: StepID) -> Bool {
    supply.number > 0 && step <= latest && board[step] == nil
      && !supply.live.contains { $0.step == step }
  }

  /// What this node does, for people who look into it: a line for each step, and for each slot.
  package var text: [String] {
    var lines: [String] = []
    for lane in works.indices {
      guard let work = works[lane] else { continue }
      let plan = work.plan
      lines.append(
        "lane \(lane): step \(plan.step) of \(plan.job), \(plan.stage), \(plan.purpose): "
          + "\(work.sealedSplits) of \(plan.splitCount) splits sealed in shards \(work.shards), "
          + "\(work.folds.text), mapped \(work.doneAttempts), "
          + "\(work.isPrepared ? "prepared" : "not prepared")"
          + (hasBroadcasts(plan) ? "" : ", what its closures are handed has not come"))
    }
    for (slot, task) in running.enumerated() {
      let what = task.map { "task \($0.number), \($0.purpose)" } ?? "nothing to do"
      lines.append("slot \(slot): \(what)")
    }
    for (shard, parcels) in parcels.enumerated() where !parcels.isEmpty {
      lines.append("shard \(shard): \(parcels.waitingBytes) bytes wait to be sent")
    }
    lines.append("holds \(ByteCount(shelf.bytes)) of results and finished stages")
    return lines
  }

  /// What this node waits for before it has all runs that it is to have; nil where it has them.
  package var waits: String? {
    guard let view else { return nil }
    let missing = view.shards(of: node).filter { !stocked.contains($0) }
    guard !missing.isEmpty else { return nil }
    guard supply.number > 0 else { return "nobody has told yet which results there are" }
    let shards = missing.map(String.init).joined(separator: ", ")
    return "results of shards \(shards) are on their way here"
  }
}
