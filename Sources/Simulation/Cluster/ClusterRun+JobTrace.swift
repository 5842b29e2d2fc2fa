// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Membership
import Memory
import Replication
import Vocabulary

/// What happens to jobs, told in words for who follows a run.
extension ClusterRun {
  /// A message that all replicas of a role see in one order: told where it is seen first.
  func noteApplied(
    _ role: Role, _ version: Version, sender: NodeID, _ bytes: [UInt8], at node: SimulatedNode
  ) {
    guard isFollowed, toldLast[role].map({ version > $0 }) ?? true else { return }
    toldLast[role] = version
    let words = bytes.withBytes { bytes -> String? in
      switch role {
      case .coordinator:
        guard case .command(_, let content)? = try? Submission.read(bytes),
          let command = try? JobCommand.read(content)
        else { return nil }
        return Self.words(command)
      case .control: return (try? ControlMessage.read(bytes)).flatMap { self.words($0) }
      case .shard: return nil
      }
    }
    guard let words else { return }
    note("\(name(sender)) to \(role == .control ? "all" : "the coordinators"): \(words)")
  }

  private func name(_ node: NodeID) -> String {
    index(of: node).map { nodes[$0].record.name } ?? "\(node)"
  }

  private static func words(_ command: JobCommand) -> String? {
    switch command {
    case .submit(let spec, _): "submit \(spec.name)"
    case .cancel(let job, _): "cancel \(job)"
    case .begin(let job, let attempt, let plan, _):
      "\(job) begins, attempt \(attempt), of \(plan.stages.count) stages"
    case .stage(let job, _, let stage, let record, _, _):
      "\(stage) of \(job) is complete: step \(record.step), \(record.records) records"
    case .fail(let job, _, let failure, _): "\(job) fails: \(failure.message)"
    case .lost(let runs, _):
      "lost: \(runs.map { "step \($0.step), shard \($0.shard)" }.joined(separator: "; "))"
    }
  }

  private func words(_ message: ControlMessage) -> String? {
    switch message {
    case .begin(let plan):
      "step \(plan.step) begins: \(plan.stage) of \(plan.job), \(plan.splitCount) splits"
    case .assign(let step, let attempts):
      "step \(step): "
        + attempts.map { "split \($0.split) to \(name($0.node))" }.joined(separator: ", ")
    case .restate(let step): "step \(step.plan.step) is under way"
    case .resume(let step, let complete):
      "step \(step) goes on; \(complete.count) splits are complete"
    case .drop(let step): "nobody works on step \(step) any more"
    case .live(_, let steps) where !steps.isEmpty:
      "needed are the runs of steps \(steps.map { "\($0.step)" }.joined(separator: ", "))"
    case .stocked(_, let missing) where !missing.isEmpty:
      "lacks "
        + missing.map { "shard \($0.shard) of step \($0.step)" }.joined(separator: ", ")
    case .held(let step, let shard, let splits):
      "shard \(shard) has \(splits.count) splits of step \(step)"
    case .failed(let step, _, let failure, _): "step \(step): \(failure.message)"
    case .compare(let step, let partition, let records, _):
      "step \(step), partition \(partition): what are records \(records)?"
    case .spread(let step, _, let givers):
      "what step \(step) has made is sent to all, by \(givers.map(nodeNumber))"
    case .broadcast, .live, .stocked, .sampled, .counted, .needsCode, .hasCode, .code, .compared:
      nil
    }
  }

  /// An executor is given a task.
  func noteStart(_ task: ExecutorTask, slot: Int, of node: SimulatedNode) {
    note("\(node.record.name), slot \(slot): \(Self.words(task.work))")
  }

  private static func words(_ work: ExecutorTask.Work) -> String {
    switch work {
    case .plan: "builds the plan"
    case .list(let branch): "finds the files of \(branch)"
    case .sample(let branch, _): "samples a split of \(branch)"
    case .map(let branch, _, _): "maps a split of \(branch)"
    case .fold(let id, _, let blocks, let isLast):
      "folds \(blocks.count) blocks into partition \(id.partition) of step \(id.step)"
        + (isLast ? ", the last ones" : "")
    case .align(let id, _, _): "makes partition \(id.partition) of step \(id.step) of others"
    }
  }

  /// An executor has ended a task.
  func noteReport(_ report: TaskReport, slot: Int, of node: SimulatedNode) {
    let words: String? =
      switch report {
      case .mapped(let tally): "has mapped \(tally.recordsRead) records"
      case .finished(let tally): "has made a run of \(tally.records) records"
      case .failed(let failure): "failed: \(failure.message)"
      case .planned, .listed, .sampled, .block, .folded, .spilled, .runBlock: nil
      }
    if let words { note("\(node.record.name), slot \(slot): \(words)") }
  }
}
