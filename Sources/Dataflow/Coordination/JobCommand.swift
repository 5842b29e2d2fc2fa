// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// What changes the coordinators' knowledge of jobs. Each carries what a clock showed where it was
/// made, in microseconds since 1970: instants follow the order of commands, whatever clocks say.
package enum JobCommand: Hashable, Sendable {
  case submit(JobSpec, clock: UInt64)
  /// Nobody wants it any more.
  case cancel(JobID, clock: UInt64)
  /// The scheduler begins it, or begins it anew.
  case begin(JobID, attempt: Int, PlanDescription, clock: UInt64)
  /// A stage is complete everywhere. With the last one, the results become visible.
  case stage(JobID, attempt: Int, StageID, StageRecord, Retention, clock: UInt64)
  case fail(JobID, attempt: Int, JobFailure, clock: UInt64)
  /// No replica of the shard is left that has the runs of the step.
  case lost([ShardRuns], clock: UInt64)

  /// Commands of the catalogue have lower ones.
  static let firstKind: UInt8 = 16

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .submit(let spec, let clock):
      out.append(16 as UInt8)
      out.appendVarint(clock)
      out.append(spec)
    case .cancel(let job, let clock):
      out.append(17 as UInt8)
      out.appendVarint(clock)
      out.appendVarint(job.number)
    case .begin(let job, let attempt, let plan, let clock):
      out.append(18 as UInt8)
      out.appendVarint(clock)
      out.append(job, attempt)
      out.append(plan)
    case .stage(let job, let attempt, let stage, let record, let retention, let clock):
      out.append(19 as UInt8)
      out.appendVarint(clock)
      out.append(job, attempt)
      out.appendVarint(UInt64(stage.index))
      out.append(record)
      out.appendVarint(UInt64(retention.versions))
      out.appendVarint(UInt64(retention.bytes))
    case .fail(let job, let attempt, let failure, let clock):
      out.append(20 as UInt8)
      out.appendVarint(clock)
      out.append(job, attempt)
      out.append(failure)
    case .lost(let runs, let clock):
      out.append(21 as UInt8)
      out.appendVarint(clock)
      out.append(list: runs) { $0.append($1) }
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> JobCommand {
    var reader = ByteReader(bytes)
    let kind = try reader.byte()
    let clock = try reader.varint()
    let command: JobCommand
    switch kind {
    case 16: command = .submit(try reader.jobSpec(), clock: clock)
    case 17: command = .cancel(JobID(try reader.varint()), clock: clock)
    case 18:
      let (job, attempt) = try reader.jobAttempt()
      command = .begin(job, attempt: attempt, try reader.planDescription(), clock: clock)
    case 19:
      let (job, attempt) = try reader.jobAttempt()
      let stage = StageID(try reader.number())
      let record = try reader.stageRecord()
      let versions = try reader.number()
      let retention = Retention(versions: versions, bytes: try reader.number())
      command = .stage(job, attempt: attempt, stage, record, retention, clock: clock)
    case 20:
      let (job, attempt) = try reader.jobAttempt()
      command = .fail(job, attempt: attempt, try reader.jobFailure(), clock: clock)
    case 21:
      let runs = try reader.list { reader throws(ByteReader.Damaged) in try reader.shardRuns() }
      command = .lost(runs, clock: clock)
    default: throw ByteReader.Damaged()
    }
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
    return command
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ job: JobID, _ attempt: Int) {
    appendVarint(job.number)
    appendVarint(UInt64(attempt))
  }
}

extension ByteReader {
  fileprivate mutating func jobAttempt() throws(Damaged) -> (JobID, Int) {
    let job = JobID(try varint())
    return (job, try number())
  }
}
