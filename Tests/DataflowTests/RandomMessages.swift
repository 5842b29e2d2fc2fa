// SPDX-License-Identifier: Apache-2.0
import Exchange
import Replication
import TestSupport
import Vocabulary

@testable import Dataflow

/// Seeded messages of all kinds, with numbers that take one byte and such that take many.
struct RandomMessages {
  var random: RandomSource

  init(_ seed: Int) { random = RandomSource(seed) }

  mutating func number() -> Int {
    random.number(0...3) == 0 ? Int(random.next() >> 1) : random.number(0...200)
  }

  mutating func word() -> UInt64 { random.next() >> UInt64(random.number(0...63)) }
  mutating func flag() -> Bool { random.number(0...1) == 1 }

  mutating func text() -> String {
    String(decoding: random.bytes(random.number(0...12), of: Array(" abcäß/.".utf8)), as: UTF8.self)
  }

  mutating func list<T>(_ most: Int = 3, _ make: (inout RandomMessages) -> T) -> [T] {
    (0..<random.number(0...most)).map { _ in make(&self) }
  }

  mutating func optional<T>(_ make: (inout RandomMessages) -> T) -> T? {
    flag() ? make(&self) : nil
  }

  mutating func node() -> NodeID { NodeID(high: random.next(), low: random.next()) }
  mutating func step() -> StepID { StepID(word()) }
  mutating func counters() -> [Int] { list { Int(bitPattern: UInt($0.random.next())) } }

  mutating func code() -> CodeDigest { Samples.code(UInt8(random.number(0...255))) }

  mutating func spec() -> JobSpec {
    JobSpec(
      code: code(), name: text(), arguments: list { $0.text() }, directory: text(),
      tableSeed: random.next())
  }

  mutating func failure() -> JobFailure {
    JobFailure(
      exitCode: Int32(truncatingIfNeeded: random.next()), code: text(), message: text(),
      location: optional { $0.text() }, record: optional { $0.text() },
      advice: optional { $0.text() }, trace: list { $0.text() })
  }

  mutating func splitTally() -> SplitTally {
    var tally = SplitTally()
    tally.recordsRead = number()
    tally.bytesRead = number()
    tally.recordsShuffled = number()
    tally.bytesShuffled = number()
    tally.counters = counters()
    return tally
  }

  mutating func runTally() -> RunTally {
    var tally = RunTally()
    tally.records = number()
    tally.bytes = number()
    tally.digest = random.next()
    tally.counters = counters()
    return tally
  }

  mutating func splits() -> SplitSet {
    var splits = SplitSet(first: random.number(0...5))
    for _ in 0..<random.number(0...3) { splits.insert(random.number(0...300)) }
    return splits
  }

  mutating func attempt() -> SplitAttempt {
    SplitAttempt(split: number(), attempt: number(), node: node())
  }

  mutating func runs() -> ShardRuns { ShardRuns(step: step(), shard: number()) }
  mutating func live() -> LiveStep { LiveStep(step: step(), partitions: number()) }

  mutating func range() -> Range<Int> {
    let start = random.number(0...1000)
    return start..<(start + random.number(0...1000))
  }

  mutating func split() -> SplitDescription {
    switch random.number(0...2) {
    case 0:
      .files(
        list { random in
          let file = InputFile(
            path: random.text(), size: random.number(), isStream: random.flag())
          return FileRange(file: file, range: random.range())
        })
    case 1: .values(range())
    default: .records(partition: random.number(0...31), range())
    }
  }

  mutating func stepPlan() -> StepPlan {
    let isAligned = flag()
    return StepPlan(
      step: step(), lane: random.number(0...(Limits.lanes - 1)), purpose: flag() ? .work : .sample,
      job: JobID(word()), attempt: number(), spec: spec(), stage: StageID(number()),
      fingerprint: random.next(), partitions: random.number(1...Limits.partitions),
      counters: number(), isAligned: isAligned,
      inputs: list { random in
        isAligned
          ? StepInput(step: random.step(), splits: [])
          : StepInput(step: random.optional { $0.step() }, splits: random.list { $0.split() })
      },
      broadcasts: list { $0.broadcastInput() },
      samples: list { $0.random.bytes($0.random.number(0...5)) })
  }

  mutating func broadcastInput() -> BroadcastInput {
    BroadcastInput(
      stage: StageID(number()), step: step(), partitions: random.number(1...Limits.partitions))
  }

  mutating func boardStep() -> Board.Step {
    var step = Board.Step(
      plan: stepPlan(), ordinal: word(), participants: list { $0.list { $0.node() } })
    step.attempts = list { $0.attempt() }
    step.attemptCounts = list { $0.number() }
    step.complete = splits()
    step.isSuspended = flag()
    return step
  }

  mutating func part() -> StepPart {
    switch random.number(0...2) {
    case 0: .split(number(), attempt: number())
    case 1: .partition(number())
    default: .all
    }
  }

  static let controlKinds = 18

  mutating func control(_ kind: Int) -> ControlMessage {
    switch kind {
    case 0: .begin(stepPlan())
    case 1: .assign(step(), list { $0.attempt() })
    case 2: .restate(boardStep())
    case 3: .resume(step(), complete: splits())
    case 4: .drop(step())
    case 5: .live(word(), list { $0.live() })
    case 6: .stocked(word(), missing: list { $0.runs() })
    case 7: .held(step(), shard: number(), splits())
    case 8: .failed(step(), part(), failure(), hasDied: flag())
    case 9:
      .sampled(step(), split: number(), list { $0.random.bytes($0.random.number(0...5)) })
    case 10:
      .counted(step(), shard: number(), splits: counters(), runs: list { $0.counters() })
    case 11: .needsCode(code())
    case 12: .hasCode(code(), flag())
    case 13: .compare(step(), partition: number(), range(), list { $0.node() })
    case 14:
      .compared(
        step(), partition: number(),
        RunExcerpt(
          records: range(), digests: list { $0.random.next() },
          key: optional { $0.random.bytes($0.random.number(0...5)) }))
    case 15:
      .spread(step(), partitions: random.number(1...Limits.partitions), givers: list { $0.node() })
    case 16:
      .broadcast(
        RunPiece(
          step: step(), partition: number(), index: number(), count: number(), tally: runTally()),
        records: number(), random.bytes(random.number(0...9)))
    default:
      .code(code(), size: number(), offset: number(), random.bytes(random.number(0...9)))
    }
  }
}
