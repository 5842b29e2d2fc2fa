// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Exchange
import Vocabulary

/// Jobs as programs read them: the commands with `--json` and the HTTP API write the same.
package enum JobDocument {
  package static func of(_ job: JobRecord) -> JSON {
    var fields: [(String, JSON)] = [
      ("type", .text("job")), ("id", .text("\(job.id)")), ("job", .text(job.spec.name)),
      ("state", .text("\(job.phase)")), ("code", .text("\(job.spec.code)")),
      ("arguments", .array(job.spec.arguments.map { .text($0) })),
      ("directory", .text(job.spec.directory)), ("revision", .natural(job.revision)),
      ("submitted", .natural(job.submitted.microseconds)),
    ]
    if let begun = job.begun { fields.append(("begun", .natural(begun.microseconds))) }
    if let ended = job.ended { fields.append(("ended", .natural(ended.microseconds))) }
    fields += [
      (
        "results",
        .array(
          job.results.map {
            .object([("name", .text($0.name)), ("version", .natural($0.version))])
          })
      ),
      ("counters", .object(job.counters.map { ($0.name, .integer($0.value)) })),
    ]
    if let failure = job.failure { fields.append(("error", of(failure))) }
    return .object(fields)
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
