// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// What is asked about jobs and results.
package enum JobQuestion: Hashable, Sendable {
  /// A job, once it has changed after the revision `since`; 0: at once.
  case job(JobID, since: UInt64)
  /// A job, once it is over.
  case ended(JobID)
  /// Jobs before the job `before`, newest first, at most `limit`; only those in `phases`.
  case jobs(phases: [JobPhase], before: JobID?, limit: Int)
  /// The newest version of each name that begins with a prefix.
  case results(prefix: String)
  /// All versions of a name that are kept, newest first.
  case log(name: String)
  case find(name: String, VersionSelector)

  /// Questions to the catalogue have lower ones.
  static let firstKind: UInt8 = 16
  package static let limitMaximum = 1000

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .job(let id, let since):
      out.append(16 as UInt8)
      out.appendVarint(id.number)
      out.appendVarint(since)
    case .jobs(let phases, let before, let limit):
      out.append(17 as UInt8)
      out.append(list: phases) { $0.append($1.rawValue) }
      out.append(optional: before) { $0.appendVarint($1.number) }
      out.appendVarint(UInt64(limit))
    case .results(let prefix):
      out.append(18 as UInt8)
      out.append(counted: prefix)
    case .log(let name):
      out.append(19 as UInt8)
      out.append(counted: name)
    case .find(let name, let selector):
      out.append(20 as UInt8)
      out.append(counted: name)
      out.append(selector)
    case .ended(let id):
      out.append(21 as UInt8)
      out.appendVarint(id.number)
    }
  }

  static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> JobQuestion {
    var reader = ByteReader(bytes)
    let question: JobQuestion
    switch try reader.byte() {
    case 16:
      let id = JobID(try reader.varint())
      question = .job(id, since: try reader.varint())
    case 17:
      let phases = try reader.list { reader throws(ByteReader.Damaged) in
        guard let phase = JobPhase(rawValue: try reader.byte()) else { throw ByteReader.Damaged() }
        return phase
      }
      let before = try reader.optional { reader throws(ByteReader.Damaged) in
        JobID(try reader.varint())
      }
      question = .jobs(
        phases: phases, before: before, limit: min(try reader.number(), limitMaximum))
    case 18: question = .results(prefix: try reader.text())
    case 19: question = .log(name: try reader.text())
    case 20:
      let name = try reader.text()
      question = .find(name: name, try reader.versionSelector())
    case 21: question = .ended(JobID(try reader.varint()))
    default: throw ByteReader.Damaged()
    }
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
    return question
  }
}

/// What the coordinators answer to commands and questions about jobs and results.
package enum JobAnswer: Hashable, Sendable {
  case submitted(JobID)
  /// A command was taken, or had no effect any more.
  case taken
  case job(JobRecord)
  case jobs([JobRecord], hasMore: Bool)
  case versions([ResultVersion])

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .submitted(let id):
      out.append(16 as UInt8)
      out.appendVarint(id.number)
    case .taken: out.append(17 as UInt8)
    case .job(let job):
      out.append(18 as UInt8)
      out.append(job)
    case .jobs(let jobs, let hasMore):
      out.append(19 as UInt8)
      out.append((hasMore ? 1 : 0) as UInt8)
      out.append(list: jobs) { $0.append($1) }
    case .versions(let versions):
      out.append(20 as UInt8)
      out.append(list: versions) { $0.append($1) }
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> JobAnswer {
    var reader = ByteReader(bytes)
    switch try reader.byte() {
    case 16: return .submitted(JobID(try reader.varint()))
    case 17: return .taken
    case 18: return .job(try reader.jobRecord())
    case 19:
      let hasMore = try reader.byte() == 1
      let jobs = try reader.list { reader throws(ByteReader.Damaged) in try reader.jobRecord() }
      return .jobs(jobs, hasMore: hasMore)
    case 20:
      return .versions(
        try reader.list { reader throws(ByteReader.Damaged) in try reader.resultVersion() })
    default: throw ByteReader.Damaged()
    }
  }

  var encoded: [UInt8] {
    var out = ByteBuffer()
    write(into: &out)
    return Array(out.bytes)
  }
}
