// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Replication
package import Vocabulary

/// All jobs that the cluster knows: those that wait, those that run, and the last that are over.
package struct JobBook: Hashable, Sendable {
  /// In the order in which they were submitted.
  package private(set) var jobs: [JobRecord] = []
  private(set) var count: UInt64 = 0

  /// Jobs that are not over, at most.
  package static let openMaximum = 10_000
  /// Jobs that are over and remembered.
  package static let overMaximum = 1000

  package init() {}

  mutating func submit(
    _ make: (JobID) -> JobRecord
  ) throws(Refusal) -> JobID {
    guard jobs.count(where: { !$0.phase.isOver }) < Self.openMaximum else {
      throw Refusal("\(Self.openMaximum) jobs wait already: submit fewer at a time")
    }
    count += 1
    let id = JobID(count)
    jobs.append(make(id))
    return id
  }

  /// The place of a job. O(log jobs).
  private func place(of id: JobID) -> Int? {
    var low = 0
    var high = jobs.count
    while low < high {
      let middle = (low + high) / 2
      if jobs[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < jobs.count && jobs[low].id == id ? low : nil
  }

  package subscript(_ id: JobID) -> JobRecord? { place(of: id).map { jobs[$0] } }

  func find(_ id: JobID) throws(Refusal) -> JobRecord {
    if let job = self[id] { return job }
    throw Refusal(
      id.number >= 1 && id.number <= count
        ? "\(id) was over long ago, and is forgotten" : "there is no job \(id)")
  }

  mutating func replace(_ job: JobRecord) {
    guard let place = place(of: job.id) else { preconditionFailure("\(job.id) is in the book") }
    jobs[place] = job
    if job.phase.isOver { forget() }
  }

  private mutating func forget() {
    let over = jobs.count(where: \.phase.isOver)
    guard over > Self.overMaximum, let oldest = jobs.firstIndex(where: \.phase.isOver) else {
      return
    }
    jobs.remove(at: oldest)
  }
}

extension JobBook {
  func write(into out: inout ByteBuffer) {
    out.appendVarint(count)
    out.append(list: jobs) { $0.append($1) }
  }

  init(reading reader: inout ByteReader) throws(ByteReader.Damaged) {
    count = try reader.varint()
    jobs = try reader.list { reader throws(ByteReader.Damaged) in try reader.jobRecord() }
  }
}
