// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Vocabulary

/// A preview for people: each stage as soon as it is done, named as `explain` names it.
///
/// What each part is stands between the records, and so on standard output, too.
final class PreviewText: RunInspector {
  private let plan: PlanDescription
  private let limit: Int
  private var shown: Set<StageID> = []

  init(_ plan: PlanDescription, limit: Int) {
    self.plan = plan
    self.limit = limit
  }

  /// Runs the plan and shows what comes of it.
  func show(_ plan: Plan, _ runner: InlineRunner) throws {
    let result = try runner.run(plan, inspector: self)
    for (output, records) in zip(self.plan.outputs, result.outputs)
    where !shown.contains(output.stage) {
      // Its stage was not needed: an earlier round had come to the same.
      try Terminal.print("\nresult \(output.name), of an earlier round")
      try show(records)
    }
    guard !result.counters.isEmpty else { return }
    try Terminal.print("")
    for counter in result.counters {
      try Terminal.print("counted \(counter.value.grouped) \(counter.name)")
    }
  }

  func began(readsAll: Bool) throws {
    try Terminal.print("preview of \(plan.job)")
    guard !readsAll else { return }
    try Terminal.print(
      "  at most the first \(ByteCount(Limits.splitBytesMinimum)) of each input are read: all "
        + "below is of that part alone\n  (--whole reads all)")
  }

  func made(_ stage: StageDescription, _ records: StageResult) throws {
    guard plan.isPreviewed(stage) else { return }
    shown.insert(stage.id)
    try Terminal.print("\n\(stage.id)   \(stage.name)")
    for name in plan.results(of: stage.id) { try Terminal.print("  = result \(name)") }
    try show(records)
  }

  private func show(_ records: StageResult) throws {
    let count = records.records == 1 ? "1 record" : "\(records.records.grouped) records"
    try Terminal.print("  = \(count): \(records.schema.text)")
    let text = try records.text(of: limit, as: .lines, margin: "    ")
    try Terminal.write(text.bytes)
    let left = records.left(behind: limit)
    if left > 0 { try Terminal.print("    … and \(left.grouped) more") }
  }
}
