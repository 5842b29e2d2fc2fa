// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
package import Vocabulary

extension ByteBuffer {
  package mutating func append(_ instant: Instant) {
    appendVarint(instant.microseconds)
    appendVarint(instant.count)
  }

  mutating func append(_ stage: StageRecord) {
    appendVarint(stage.step.number)
    append(list: stage.runs) { $0.append($1) }
    append(stage.input)
    appendVarint(UInt64(stage.splits))
    appendVarint(stage.microseconds)
    appendVarint(UInt64(stage.spilledBytes))
  }

  package mutating func append(_ job: JobRecord) {
    appendVarint(job.id.number)
    append(job.spec)
    append(job.submitted)
    append(job.phase.rawValue)
    appendVarint(UInt64(job.attempt))
    append(optional: job.plan) { $0.append($1) }
    append(list: job.reads) {
      $0.append($1.asOf)
      $0.append($1.version)
    }
    append(list: job.stages) { $0.append($1) }
    append(optional: job.begun) { $0.append($1) }
    append(optional: job.ended) { $0.append($1) }
    append(optional: job.failure) { $0.append($1) }
    append(list: job.results) {
      $0.append(counted: $1.name)
      $0.appendVarint($1.version)
    }
    appendVarint(job.revision)
  }
}

extension ByteReader {
  package mutating func instant() throws(Damaged) -> Instant {
    let microseconds = try varint()
    return Instant(microseconds: microseconds, count: try varint())
  }

  mutating func stageRecord() throws(Damaged) -> StageRecord {
    let step = StepID(try varint())
    let runs = try list { reader throws(Damaged) in try reader.runTally() }
    let input = try splitTally()
    let splits = try number()
    let microseconds = try varint()
    return StageRecord(
      step: step, runs: runs, input: input, splits: splits, microseconds: microseconds,
      spilledBytes: try number())
  }

  package mutating func jobRecord() throws(Damaged) -> JobRecord {
    let id = JobID(try varint())
    let spec = try jobSpec()
    let submitted = try instant()
    guard let phase = JobPhase(rawValue: try byte()) else { throw Damaged() }
    var job = JobRecord(id: id, spec: spec, submitted: submitted, revision: 0)
    job.phase = phase
    job.attempt = try number()
    job.plan = try optional { reader throws(Damaged) in try reader.planDescription() }
    job.reads = try list { reader throws(Damaged) in
      let asOf = try reader.versionSelector()
      return ReadResult(asOf: asOf, version: try reader.resultVersion())
    }
    job.stages = try list { reader throws(Damaged) in try reader.stageRecord() }
    job.begun = try optional { reader throws(Damaged) in try reader.instant() }
    job.ended = try optional { reader throws(Damaged) in try reader.instant() }
    job.failure = try optional { reader throws(Damaged) in try reader.jobFailure() }
    job.results = try list { reader throws(Damaged) in
      let name = try reader.text()
      return MadeResult(name: name, version: try reader.varint())
    }
    job.revision = try varint()
    return job
  }
}
