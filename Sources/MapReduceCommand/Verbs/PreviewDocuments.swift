// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Vocabulary

/// A preview for programs: a document for each stage, its records behind it, and one for the whole.
final class PreviewDocuments: RunInspector {
  private let plan: PlanDescription
  private let limit: Int
  private var shown: Set<StageID> = []
  private var readsAll = true

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
      try show(records, of: ("result", .text(output.name)))
    }
    try Terminal.print(
      JSON.object([
        ("type", .text("preview")), ("job", .text(self.plan.job)),
        ("plan", .text(hexadecimal(self.plan.fingerprint))), ("reads_all", .bool(readsAll)),
        ("counters", .object(result.counters.map { ($0.name, .integer($0.value)) })),
      ]).line)
  }

  func began(readsAll: Bool) { self.readsAll = readsAll }

  func made(_ stage: StageDescription, _ records: StageResult) throws {
    guard plan.isPreviewed(stage) else { return }
    shown.insert(stage.id)
    let number = JSON.integer(stage.id.index + 1)
    try Terminal.print(
      JSON.object([
        ("type", .text("stage")), ("n", number), ("name", .text(stage.name)),
        ("results", .array(plan.results(of: stage.id).map { .text($0) })),
        ("key", .text("\(stage.schema.key)")), ("value", .text("\(stage.schema.value)")),
        ("order", .text(stage.schema.order.rawValue)), ("records", .integer(records.records)),
        ("bytes", .integer(records.bytes)),
      ]).line)
    try show(records, of: ("stage", number))
  }

  private func show(_ records: StageResult, of owner: (String, JSON)) throws {
    let documents = try records.documents(of: limit, belongingTo: owner)
    try Terminal.write(documents.bytes)
  }
}
