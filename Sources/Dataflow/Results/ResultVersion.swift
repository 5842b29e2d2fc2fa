// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// One version of a named result: what a committed job left behind. Immutable, but for its end.
package struct ResultVersion: Hashable, Sendable {
  package let name: String
  /// Counted for each name, from 1; never given twice.
  package let version: UInt64
  /// When it became visible. Later versions have later instants, also of other names.
  package let instant: Instant
  package let job: JobID
  /// The step whose runs it is.
  package let step: StepID
  package let schema: ResultSchema
  /// Whether keys were spread by hash, so that the runs have to be merged.
  package let isHashed: Bool
  /// By partition.
  package let runs: [RunTally]
  /// Shards of which no replica is left, where that has happened to runs of it.
  package var lostShards: [Int] = []

  package init(
    name: String, version: UInt64, instant: Instant, job: JobID, step: StepID,
    schema: ResultSchema, isHashed: Bool, runs: [RunTally]
  ) {
    self.name = name
    self.version = version
    self.instant = instant
    self.job = job
    self.step = step
    self.schema = schema
    self.isHashed = isHashed
    self.runs = runs
  }

  package var records: Int { runs.reduce(0) { $0 + $1.records } }
  package var bytes: Int { runs.reduce(0) { $0 + $1.bytes } }
  package var isLost: Bool { !lostShards.isEmpty }
  /// `customers@12`.
  package var text: String { "\(name)@\(version)" }
  var liveStep: LiveStep { LiveStep(step: step, partitions: runs.count) }

  /// Some runs are gone: of it, or of something else.
  mutating func lose(_ runs: ShardRuns) {
    if step == runs.step, !lostShards.contains(runs.shard) { lostShards.append(runs.shard) }
  }
}

/// How many versions of each name are kept. The newest one always is.
package struct Retention: Hashable, Sendable {
  package let versions: Int
  /// Bytes of all versions of one name, of all frames, counted once.
  package let bytes: Int

  package init(versions: Int = 10, bytes: Int = .max) {
    self.versions = versions
    self.bytes = bytes
  }
}

extension ByteBuffer {
  package mutating func append(_ version: ResultVersion) {
    append(counted: version.name)
    appendVarint(version.version)
    append(version.instant)
    appendVarint(version.job.number)
    appendVarint(version.step.number)
    append(version.schema)
    append((version.isHashed ? 1 : 0) as UInt8)
    append(list: version.runs) { $0.append($1) }
    append(list: version.lostShards) { $0.appendVarint(UInt64($1)) }
  }
}

extension ByteReader {
  package mutating func resultVersion() throws(Damaged) -> ResultVersion {
    let name = try text()
    let number = try varint()
    let instant = try instant()
    let job = JobID(try varint())
    let step = StepID(try varint())
    let schema = try resultSchema()
    let isHashed = try byte() == 1
    var version = ResultVersion(
      name: name, version: number, instant: instant, job: job, step: step, schema: schema,
      isHashed: isHashed, runs: try list { reader throws(Damaged) in try reader.runTally() })
    version.lostShards = try list { reader throws(Damaged) in try reader.number() }
    return version
  }
}
