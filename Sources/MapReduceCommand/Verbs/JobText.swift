// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import MapReduce
import Runtime
import Vocabulary

/// Jobs as people and programs read them.
enum JobText {
  static func id(_ text: String) throws -> JobID {
    guard let id = JobID(text) else {
      throw JobError(.usage, "\"\(text)\" is no job's id: they look like j-17")
    }
    return id
  }

  /// Waits for the end of a job; throws its failure.
  static func follow(_ id: JobID, _ client: NodeClient, isJSON: Bool) throws {
    do {
      let job = try client.ended(id, milliseconds: 86_400_000)
      try print(job, isJSON: isJSON)
      if job.phase == .cancelled {
        throw JobError(.interrupted, "job \(id) was cancelled; nothing became visible")
      }
      if let failure = job.failure { throw JobError(failure) }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }

  static func print(_ job: JobRecord, isJSON: Bool) throws {
    if isJSON { return try Terminal.print(JobDocument.of(job).line) }
    var line = "\(job.id)\t\(job.spec.name)\t\(job.phase)"
    if let begun = job.begun, let ended = job.ended {
      let microseconds = ended.microseconds - min(begun.microseconds, ended.microseconds)
      line += "\t\(microseconds / 1000).\(microseconds / 100 % 10) ms"
    }
    for result in job.results { line += "\t\(result.name)@\(result.version)" }
    try Terminal.print(line)
  }

  /// All that is known of a job, a line for each thing.
  static func lines(_ job: JobRecord, waits: String?) -> [String] {
    let words = [job.spec.name] + job.spec.arguments
    var lines = [
      "job        \(job.id)  \(words.joined(separator: " "))",
      "submitted  \(job.submitted.text)",
      "state      \(job.phase)" + (job.attempt > 1 ? ", attempt \(job.attempt)" : ""),
    ]
    if let begun = job.begun { lines.append("begun      \(begun.text)") }
    for read in job.reads { lines.append("reads      \(read.version.text)") }
    for (place, stage) in job.stages.enumerated() {
      lines.append(
        "stage \(place + 1)    \(job.plan?.stages[place].name ?? ""): \(stage.splits) splits, "
          + "\(stage.input.recordsRead.grouped) → \(stage.records.grouped) records, "
          + ProgressDisplay.seconds(Double(stage.microseconds) / 1e6))
    }
    if let waits { lines.append("waits      \(waits)") }
    if let ended = job.ended { lines.append("ended      \(ended.text)") }
    for result in job.results { lines.append("result     \(result.name)@\(result.version)") }
    for counter in job.counters {
      lines.append("counted    \(counter.value.grouped) \(counter.name)")
    }
    if job.spilledBytes > 0 { lines.append("spilled    \(ByteCount(job.spilledBytes))") }
    if let failure = job.failure { lines.append("failure    \(JobError(failure))") }
    return lines
  }
}
