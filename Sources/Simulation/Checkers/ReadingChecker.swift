// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Memory
import Vocabulary

/// Holds what all readers saw together against what has to hold of results.
///
/// The results of a job are visible together, and from some moment on to everybody: who asks after
/// somebody was told of a version is told of that one or a later one. A version stays what it is.
/// What is read is what the job has to come to, byte for byte.
struct ReadingChecker {
  /// What anybody had been told at some moment.
  struct Floor {
    /// By name: the newest version.
    fileprivate(set) var newest: [String: UInt64] = [:]
    /// Versions that are lost.
    fileprivate(set) var lost: Set<Place> = []
  }

  struct Place: Hashable {
    let name: String
    let version: UInt64
  }

  private(set) var floor = Floor()
  private var known: [Place: ResultVersion] = [:]
  private(set) var violations: [String] = []
  /// Partitions that were read whole.
  private(set) var partitionsRead = 0

  /// A reader was told of a version of a job, which has to come to `reference`, where that is
  /// known. `floor`: what had been told when it asked.
  mutating func see(
    _ version: ResultVersion, of job: SimulatedJob, _ reference: JobReference?, _ floor: Floor
  ) {
    let place = Place(name: version.name, version: version.version)
    if let before = known[place] {
      var same = before
      same.lostShards = version.lostShards
      if same != version { fail("\(name(version)) has become something else") }
    }
    known[place] = version
    if !version.isLost, floor.lost.contains(place) {
      fail("\(name(version)) was lost, and is there again")
    }
    if version.isLost { self.floor.lost.insert(place) }
    guard let stage = job.stage(of: version.name) else {
      return fail("\(name(version)) is no result of \(version.job)")
    }
    if let reference, reference.stages[stage] != version.runs {
      fail("\(name(version)) is not what \(version.job) has to come to")
    }
    // With one, all results of its job are there. Each has as many versions as the others.
    for name in job.outputs { raise(name, version.version) }
  }

  /// Somebody was told that a version is there.
  mutating func raise(_ name: String, _ version: UInt64) {
    floor.newest[name] = max(floor.newest[name] ?? 0, version)
  }

  /// The newest version of each name, as a reader was told it.
  mutating func list(_ versions: [ResultVersion], _ floor: Floor) {
    for names in SimulatedJob.groups {
      let found = names.map { name in versions.first { $0.name == name } }
      if Set(found.map { $0?.job }).count > 1 {
        fail("results of one job are not there together: \(names)")
      }
    }
    for name in SimulatedJob.names {
      newest(name, versions.first { $0.name == name }?.version ?? 0, floor)
    }
  }

  /// All versions of a name, as a reader was told them; none where there is no such name.
  mutating func log(_ name: String, _ versions: [ResultVersion], _ floor: Floor) {
    newest(name, versions.first?.version ?? 0, floor)
    for (newer, older) in zip(versions, versions.dropFirst()) {
      if newer.version != older.version + 1 { fail("versions of \(name) have a gap") }
      if newer.instant <= older.instant {
        fail("\(self.name(newer)) is not later than the one before")
      }
    }
  }

  /// The newest version of a name, as a reader was told it.
  mutating func newest(_ name: String, _ version: UInt64, _ floor: Floor) {
    let least = floor.newest[name] ?? 0
    if version < least { fail("\(name)@\(least) was seen, and later \(name)@\(version)") }
  }

  /// A version was asked for, and is not there. `newest`: the newest of its name, by now.
  mutating func miss(_ name: String, _ version: UInt64, newest: UInt64, kept: Int, _ floor: Floor) {
    let isExpired = newest >= version + UInt64(kept)
    if !isExpired, version <= floor.newest[name] ?? 0 {
      fail("\(name)@\(version) was seen, and is not there any more")
    }
  }

  /// A reader has read a partition of a version.
  mutating func read(_ version: ResultVersion, partition: Int, _ bytes: [UInt8]) {
    partitionsRead += 1
    let tally = version.runs[partition]
    var digest = Checksum()
    bytes.withBytes { digest.update($0) }
    if bytes.count != tally.bytes || digest.value != tally.digest {
      fail("a reader got something else of partition \(partition) of \(name(version))")
    }
  }

  private func name(_ version: ResultVersion) -> String { "\(version.name)@\(version.version)" }

  private mutating func fail(_ text: String) {
    if violations.count < 10 { violations.append(text) }
  }
}
