// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Memory
import Vocabulary

/// What a finished job shows: first records on standard output, a summary on standard error.
struct RunSummary {
  let job: String
  let plan: PlanDescription
  let result: JobResult
  let savedIn: String?
  let seconds: Double

  func show(_ options: RunOptions) throws {
    if savedIn == nil { try showRecords(options) }
    if options.json { return try Terminal.print(json(isVerified: options.verify).line) }
    guard !options.quiet else { return }
    for output in result.outputs {
      let place = savedIn.map { "  in \($0)/\(output.name)" } ?? ""
      Terminal.say(
        "\(output.name)  \(output.records.grouped) records  \(ByteCount(output.bytes))\(place)")
    }
    for line in rounds { Terminal.say(line) }
    for counter in result.counters {
      Terminal.say("counted  \(counter.value.grouped) \(counter.name)")
    }
    if result.spilledBytes > 0 {
      Terminal.say("spilled  \(ByteCount(result.spilledBytes)) to scratch: memory was short")
    }
    if options.verify { Terminal.say("verified: two runs came to the same") }
    let saved = savedIn == nil ? "; nothing was saved (-o DIR saves)" : ""
    Terminal.say("done in \(ProgressDisplay.seconds(seconds))\(saved)")
  }

  /// How many rounds each iteration took that could end early.
  private var rounds: [String] {
    var taken: [(place: CodeLocation, run: Int, most: Int)] = []
    for (stage, counts) in zip(plan.stages, result.stages) {
      guard let round = stage.round, round.settles, let place = stage.operators.last?.location
      else { continue }
      let isRun = counts.nanoseconds > 0 || counts.recordsRead > 0
      if let index = taken.firstIndex(where: { $0.place == place }) {
        taken[index].run += isRun ? 1 : 0
      } else {
        taken.append((place, isRun ? 1 : 0, round.count))
      }
    }
    return taken.map { "\($0.run) of at most \($0.most) rounds  iterate \($0.place)" }
  }

  private func showRecords(_ options: RunOptions) throws {
    for output in result.outputs {
      if result.outputs.count > 1, !options.quiet, !options.json {
        Terminal.say("\(output.name):")
      }
      let shown =
        options.json
        ? try output.documents(of: options.limit, belongingTo: ("result", .text(output.name)))
        : try output.text(of: options.limit, as: options.format?.format ?? .lines)
      try Terminal.write(shown.bytes)
      let left = output.left(behind: options.limit)
      if left > 0, !options.quiet, !options.json { Terminal.say("… and \(left.grouped) more") }
    }
  }

  private func json(isVerified: Bool) -> JSON {
    let stages = zip(plan.stages, result.stages).map { stage, counts in
      JSON.object([
        ("n", .integer(stage.id.index + 1)), ("name", .text(stage.name)),
        (
          "in",
          .object([
            ("records", .integer(counts.recordsRead)), ("bytes", .integer(counts.bytesRead)),
          ])
        ),
        (
          "shuffled",
          .object([
            ("records", .integer(counts.recordsShuffled)),
            ("bytes", .integer(counts.bytesShuffled)),
          ])
        ),
        (
          "out",
          .object([
            ("records", .integer(counts.recordsOut)), ("bytes", .integer(counts.bytesOut)),
          ])
        ), ("seconds", .number(Double(counts.nanoseconds) / 1e9)),
      ])
    }
    let results = result.outputs.map { output in
      var fields: [(String, JSON)] = [
        ("name", .text(output.name)), ("records", .integer(output.records)),
        ("bytes", .integer(output.bytes)),
      ]
      if let savedIn { fields.append(("path", .text("\(savedIn)/\(output.name)"))) }
      return JSON.object(fields)
    }
    return .object(
      [
        ("type", .text("job")), ("job", .text(job)), ("state", .text("committed")),
        ("plan", .text(hexadecimal(plan.fingerprint))), ("seconds", .number(seconds)),
        ("spilled_bytes", .integer(result.spilledBytes)), ("results", .array(results)),
        ("stages", .array(stages)),
        ("counters", .object(result.counters.map { ($0.name, .integer($0.value)) })),
      ] + (isVerified ? [("verified", .bool(true))] : []))
  }
}
