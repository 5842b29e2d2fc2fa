// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Exchange
import Vocabulary

/// Jobs as programs read them: the commands with `--json` and the HTTP API write the same.
package enum JobDocument {
  /// `waits`: what it waits for, where that was asked.
  package static func of(_ job: JobRecord, waits: String? = nil) -> JSON {
    .object([
      ("type", .text("job")), ("id", .text("\(job.id)")), ("job", .text(job.spec.name)),
      ("state", .text("\(job.phase)")), ("waits", waits.map { .text($0) } ?? .null),
      ("revision", .natural(job.revision)), ("attempt", .integer(job.attempt)),
      ("submitted_at", .text(job.submitted.text)),
      ("begun_at", job.begun.map { .text($0.text) } ?? .null),
      ("ended_at", job.ended.map { .text($0.text) } ?? .null),
      ("code", .text("\(job.spec.code)")),
      ("arguments", .array(job.spec.arguments.map { .text($0) })),
      ("directory", .text(job.spec.directory)),
      ("reads", .array(job.reads.map { named($0.version.name, $0.version.version) })),
      ("results", .array(job.results.map { named($0.name, $0.version) })),
      ("spilled_bytes", .integer(job.spilledBytes)),
      ("counters", .object(job.counters.map { ($0.name, .integer($0.value)) })),
      ("error", job.failure.map { of($0) } ?? .null),
    ])
  }

  private static func named(_ name: String, _ version: UInt64) -> JSON {
    .object([("name", .text(name)), ("version", .natural(version))])
  }

  /// The same words as those of a command that ends with it.
  private static func of(_ failure: JobFailure) -> JSON {
    var fields: [(String, JSON)] = [
      ("code", .text(failure.code)), ("exit", .integer(Int(failure.exitCode))),
      ("message", .text(failure.message)),
    ]
    if let location = failure.location { fields.append(("location", .text(location))) }
    if let record = failure.record { fields.append(("record", .text(record))) }
    if let advice = failure.advice { fields.append(("advice", .text(advice))) }
    return .object(fields)
  }
}
