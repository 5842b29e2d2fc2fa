// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Vocabulary

@testable import Dataflow

extension RandomMessages {
  mutating func schema() -> ResultSchema {
    ResultSchema(
      key: flag() ? .string : .tuple([.bytes, .integer(bits: 32, isSigned: true)]),
      value: flag() ? .double : .array(.bool), shape: flag() ? .pairs : .values,
      order: flag() ? .key : .rank)
  }

  mutating func resultInput() -> ResultInput {
    let elements: [ResultInput.Elements] = [
      .pairs(key: .bytes, value: .array(.double)), .keys(.string), .values(.tagged),
      .keysOrValues(.integer(bits: 8, isSigned: false)),
    ]
    return ResultInput(name: text(), asOf: selector(), elements: elements[random.number(0...3)])
  }

  mutating func plan() -> PlanDescription {
    let location = CodeLocation(fileID: "Jobs/A.swift", line: random.number(1...500))
    let count = random.number(1...3)
    let formats: [FileFormat] = [
      .lines, .jsonl, .records(bytes: random.number(1...1000)),
      .csv(CSVFormat(RowSyntax(separator: 0x09, hasQuotedLineEnds: flag()), hasHeader: flag())),
    ]
    let format = formats[random.number(0...3)]
    let sources: [InputDescription] = [
      .files([text()], format), .values(count: 4), .result(resultInput()),
    ]
    let source = sources[random.number(0...2)]
    let stages = (0..<count).map { stage in
      StageDescription(
        id: StageID(stage),
        branches: (0...random.number(0...2)).map { _ in
          BranchDescription(
            stage > 0 ? .stage(StageID(stage - 1)) : source,
            flag() ? [] : [OperatorDescription("filter", location)])
        }, operators: [OperatorDescription("map", location)],
        shuffle: ["hash", "range", "single"][random.number(0...2)], combines: flag(),
        schema: schema())
    }
    let outputs = list { random in
      OutputDescription(
        name: random.text(), stage: StageID(random.random.number(0...(count - 1))),
        location: location)
    }
    return PlanDescription(
      job: text(), stages: stages, outputs: outputs, counters: list { $0.text() })
  }

  mutating func stageRecord() -> StageRecord {
    StageRecord(
      step: step(), runs: list { $0.runTally() }, input: splitTally(), splits: number(),
      microseconds: word())
  }

  mutating func instant() -> Instant { Instant(microseconds: word(), count: word()) }

  mutating func jobRecord() -> JobRecord {
    var job = JobRecord(id: JobID(word()), spec: spec(), submitted: instant(), revision: word())
    job.phase = JobPhase.allCases[random.number(0...(JobPhase.allCases.count - 1))]
    job.attempt = number()
    job.plan = optional { $0.plan() }
    job.reads = list { ReadResult(asOf: $0.selector(), version: $0.version()) }
    job.stages = list { $0.stageRecord() }
    job.begun = optional { $0.instant() }
    job.ended = optional { $0.instant() }
    job.failure = optional { $0.failure() }
    job.results = list { MadeResult(name: $0.text(), version: $0.word()) }
    return job
  }

  mutating func version() -> ResultVersion {
    var version = ResultVersion(
      name: text(), version: word(), instant: instant(), job: JobID(word()), step: step(),
      schema: schema(), isHashed: flag(), runs: list { $0.runTally() })
    version.lostShards = list { $0.number() }
    return version
  }

  mutating func selector() -> VersionSelector {
    switch random.number(0...2) {
    case 0: .latest
    case 1: .version(word())
    default: .asOf(word())
    }
  }

  static let commandKinds = 6

  mutating func command(_ kind: Int) -> JobCommand {
    switch kind {
    case 0: .submit(spec(), clock: word())
    case 1: .cancel(JobID(word()), clock: word())
    case 2: .begin(JobID(word()), attempt: number(), plan(), clock: word())
    case 3:
      .stage(
        JobID(word()), attempt: number(), StageID(number()), stageRecord(),
        Retention(versions: number(), bytes: number()), clock: word())
    case 4: .fail(JobID(word()), attempt: number(), failure(), clock: word())
    default: .lost(list { $0.runs() }, clock: word())
    }
  }

  static let questionKinds = 5

  mutating func question(_ kind: Int) -> JobQuestion {
    switch kind {
    case 0: flag() ? .job(JobID(word()), since: word()) : .ended(JobID(word()))
    case 1:
      .jobs(
        phases: list { JobPhase.allCases[$0.random.number(0...4)] },
        before: optional { JobID($0.word()) }, limit: random.number(0...1000))
    case 2: .results(prefix: text())
    case 3: .log(name: text())
    default: .find(name: text(), selector())
    }
  }

  static let answerKinds = 5

  mutating func answer(_ kind: Int) -> JobAnswer {
    switch kind {
    case 0: .submitted(JobID(word()))
    case 1: .taken
    case 2: .job(jobRecord())
    case 3: .jobs(list { $0.jobRecord() }, hasMore: flag())
    default: .versions(list { $0.version() })
    }
  }

  static let entryKinds = 3

  mutating func entry(_ kind: Int) -> ShardEntry {
    let key = SplitKey(step: step(), split: number(), attempt: number())
    switch kind {
    case 0: return .block(key, partition: number(), records: number())
    case 1: return .seal(key, blocks: number(), splitTally())
    default:
      let piece = RunPiece(
        step: step(), partition: number(), index: number(), count: number(), tally: runTally())
      return .run(piece, records: number())
    }
  }
}
