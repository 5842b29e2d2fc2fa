// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// A job of simulated executors: its plan and its closures follow from a few numbers. Folding is
/// not commutative, so that an order that is not the splits' shows in the result.
struct SimulatedJob: Hashable, Sendable {
  let seed: UInt64
  /// Values that the first stage reads.
  let values: Int
  /// 1 to 6: gathered by hash, sorted by ranges, brought together, met with the first stage and
  /// with the source by hash, and then two rounds of an iteration, of which one may be enough.
  let stages: Int
  /// The value at which a closure throws; nil where none does.
  let failsAt: Int?

  static let name = "simulated"

  var arguments: [String] {
    [String(seed), String(values), String(stages), failsAt.map(String.init) ?? "-"]
  }

  init(seed: UInt64, values: Int, stages: Int, failsAt: Int?) {
    self.seed = seed
    self.values = values
    self.stages = stages
    self.failsAt = failsAt
  }

  init(_ spec: JobSpec) {
    guard spec.arguments.count == 4, let seed = UInt64(spec.arguments[0]),
      let values = Int(spec.arguments[1]), let stages = Int(spec.arguments[2])
    else { preconditionFailure("these are the arguments of no simulated job") }
    self.init(seed: seed, values: values, stages: stages, failsAt: Int(spec.arguments[3]))
  }

  func spec(_ code: CodeDigest) -> JobSpec {
    JobSpec(code: code, name: Self.name, arguments: arguments, directory: "/", tableSeed: seed)
  }

  /// Two results of one job become visible together.
  var outputs: [String] { Self.groups[Int(seed % 2)] }

  /// Names that jobs make results of, those of one job together.
  static let groups = [["sum0", "first0"], ["sum1", "first1"]]
  static let names = groups.flatMap { $0 }

  /// The result of an earlier job that the first stage reads beside its values; nil for most jobs.
  var reads: ResultInput? {
    guard seed % 5 == 0 else { return nil }
    return ResultInput(
      name: Self.names[Int(seed / 5 % 4)],
      elements: .pairs(key: .bytes, value: .integer(bits: 64, isSigned: false)))
  }

  /// The stage that makes a result.
  func stage(of output: String) -> Int? {
    outputs.firstIndex(of: output).map { $0 == 0 ? stages - 1 : 0 }
  }

  var plan: PlanDescription {
    let location = CodeLocation(fileID: "Simulation/SimulatedJob.swift", line: 1)
    let schema = ResultSchema(
      key: .bytes, value: .integer(bits: 64, isSigned: false), shape: .pairs, order: .key)
    let shuffles = ["hash", "range", "single", "hash", "hash", "hash"]
    let described = (0..<stages).map { stage in
      StageDescription(
        id: StageID(stage), branches: inputs(of: stage).map { BranchDescription($0, []) },
        operators: [OperatorDescription("map", location)],
        broadcasts: broadcasts(of: stage).map { StageID($0) }, shuffle: shuffles[stage],
        isAligned: isAligned(stage), combines: true, schema: schema, round: round(of: stage))
    }
    return PlanDescription(
      job: Self.name, stages: described,
      outputs: [
        OutputDescription(name: outputs[0], stage: StageID(stages - 1), location: location),
        OutputDescription(name: outputs[1], stage: StageID(0), location: location),
      ], counters: ["records"])
  }

  /// Stages whose records the closures of a stage are handed.
  func broadcasts(of stage: Int) -> [Int] {
    switch stage {
    case 3: [1]
    case 4: [0, 3]
    default: []
    }
  }

  private func round(of stage: Int) -> RoundDescription? {
    guard stage >= Self.firstRound else { return nil }
    let number = stage - Self.firstRound + 1
    return RoundDescription(
      number: number, count: 2, after: number == 1 ? [] : [StageID(stage - 1)], settles: true,
      mustSettle: false)
  }

  private static let firstRound = 4

  /// Whether a stage keeps the keys of what it reads, which lies by them: most rounds do.
  func isAligned(_ stage: Int) -> Bool { stage >= Self.firstRound && seed % 4 != 0 }

  /// What a partition of a stage counts as changed, where its records come to `records`.
  func changes(_ stage: Int, records: Int) -> Int {
    stage >= Self.firstRound && seed % 3 > 0 ? records : 0
  }

  /// Whether the coordinators leave a stage out.
  func skips(_ stage: Int) -> Bool { stage > Self.firstRound && seed % 3 == 0 }

  func inputs(of stage: Int) -> [InputDescription] {
    switch stage {
    case 0: [.values(count: values)] + (reads.map { [.result($0)] } ?? [])
    case 3: [.stage(StageID(2)), .values(count: values), .stage(StageID(0))]
    case Self.firstRound where isAligned(stage): [.stage(StageID(3)), .stage(StageID(0))]
    default: [.stage(StageID(stage - 1))]
    }
  }

  /// The records that a branch makes of one value.
  func records(
    of value: Int, _ branch: BranchID, handed: UInt64
  ) -> [(key: [UInt8], value: UInt64)] {
    guard branch.index == 0 else {
      return records(of: value).map { record in
        record.key.withBytes { passed($0, record.value, branch, handed: handed) }
      }
    }
    return records(of: value)
  }

  private func records(of value: Int) -> [(key: [UInt8], value: UInt64)] {
    var random = SeededRandom(seed: seed &+ UInt64(value))
    var records: [(key: [UInt8], value: UInt64)] = []
    let last = random.below(3)
    for _ in 0...last {
      records.append(([UInt8(random.below(7)), UInt8(random.below(9))], random.next() >> 8))
    }
    return records
  }

  /// What a branch makes of a record. `handed` is the sum of the values that its closure is handed
  /// beside it.
  func passed(
    _ key: Bytes, _ value: UInt64, _ branch: BranchID, handed: UInt64
  ) -> (key: [UInt8], value: UInt64) {
    (
      isAligned(branch.stage.index) ? Array(key) : Array(key).reversed(),
      value ^ (seed &+ UInt64(branch.index) &+ handed)
    )
  }

  func partition(_ key: Bytes, stage: Int, _ splitters: Splitters?) -> Int {
    switch stage {
    case 0, 3...: stablePartition(key, mask: UInt64(Limits.partitions - 1))
    case 1: splitters?.partition(of: key) ?? 0
    default: 0
    }
  }
}

/// The values of one key, folded so that their order shows.
struct SimulatedFold: Sendable {
  /// In ascending order of keys.
  private var entries: [(key: [UInt8], value: UInt64)] = []
  private(set) var records = 0

  mutating func fold(_ key: Bytes, _ value: UInt64) {
    records += 1
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key.withBytes({ $0 < key }) { low = middle + 1 } else { high = middle }
    }
    if low < entries.count, entries[low].key.withBytes({ $0 == key }) {
      entries[low].value = entries[low].value &* 31 &+ value
    } else {
      entries.insert((Array(key), value), at: low)
    }
  }

  mutating func fold(_ frame: Frame) { fold(frame.key, Self.number(frame.value)) }

  static func number(_ bytes: Bytes) -> UInt64 {
    var reader = ByteReader(bytes)
    guard let number = try? reader.littleEndian(UInt64.self) else {
      preconditionFailure("a simulated value has eight bytes")
    }
    return number
  }

  /// The run of a stage: its blocks, and what it comes to.
  func finish(_ job: SimulatedJob, _ stage: Int, _ pool: BlockPool) -> ([Block], RunTally) {
    let writer = PartitionWriter(partitions: 1, pool: pool)
    for (key, value) in entries { writer.write(key, value, 0) }
    let blocks = writer.takeBlocks()[0]
    var digest = Checksum()
    for block in blocks { digest.update(block.bytes) }
    var tally = RunTally()
    tally.records = entries.count
    tally.bytes = blocks.reduce(0) { $0 + $1.count }
    // A run of nothing has the digest of a partition that nobody was asked about.
    tally.digest = entries.isEmpty ? 0 : digest.value
    // What is made at once is mapped there as well.
    tally.counters = entries.isEmpty ? [] : [job.isAligned(stage) ? 2 * records : records]
    if job.plan.countsChanges, !entries.isEmpty {
      tally.counters.append(job.changes(stage, records: records))
    }
    return (blocks, tally)
  }
}

extension PartitionWriter {
  func write(_ key: [UInt8], _ value: UInt64, _ partition: Int) {
    var bytes = ByteBuffer(capacity: 8)
    bytes.appendLittleEndian(value)
    key.withBytes { append(key: $0, value: bytes.bytes, partition: partition) }
  }
}
