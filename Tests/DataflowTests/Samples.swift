// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Vocabulary

@testable import Dataflow

/// Small nodes, blocks, plans and views, as the tests of this target need them.
enum Samples {
  static let pool = BlockPool()

  static func node(_ number: Int) -> NodeID { NodeID(high: UInt64(number), low: 7) }
  static func nodes(_ numbers: [Int]) -> [NodeID] { numbers.map(node) }

  static func code(_ byte: UInt8 = 1) -> CodeDigest {
    guard let code = CodeDigest([UInt8](repeating: byte, count: CodeDigest.byteCount)) else {
      preconditionFailure("a digest has \(CodeDigest.byteCount) bytes")
    }
    return code
  }

  static func spec(_ name: String = "count", code byte: UInt8 = 1) -> JobSpec {
    JobSpec(
      code: code(byte), name: name, arguments: ["a.txt", "--top=3"], directory: "/in",
      tableSeed: 0x0123_4567_89AB_CDEF)
  }

  static func block(_ text: String, records: Int = 1) -> Block {
    let block = pool.block()
    Array(text.utf8).withBytes { block.fill($0, records: records) }
    return block
  }

  static func text(_ block: Block) -> String {
    String(decoding: Array(block.bytes), as: UTF8.self)
  }

  static func failure(_ message: String = "it broke") -> JobFailure {
    JobFailure(
      exitCode: 65, code: "bad_input", message: message, location: "A.swift:3", record: "line 7",
      advice: "mend it", trace: ["one", "two"])
  }

  static func splitTally(_ records: Int, counters: [Int] = []) -> SplitTally {
    var tally = SplitTally()
    tally.recordsRead = records
    tally.bytesRead = 10 * records
    tally.recordsShuffled = records + 1
    tally.bytesShuffled = 11 * records
    tally.counters = counters
    return tally
  }

  static func runTally(records: Int, bytes: Int, counters: [Int] = []) -> RunTally {
    var tally = RunTally()
    tally.records = records
    tally.bytes = bytes
    tally.digest = 0xFEDC_BA98_7654_3210 ^ UInt64(records)
    tally.counters = counters
    return tally
  }

  static func step(
    _ step: StepID = StepID(1), lane: Int = 0, _ purpose: StepPlan.Purpose = .work,
    splits: Int = 3, partitions: Int = 4, code byte: UInt8 = 1
  ) -> StepPlan {
    StepPlan(
      step: step, lane: lane, purpose: purpose, job: JobID(1), attempt: 1,
      spec: spec(code: byte), stage: StageID(0), fingerprint: 99, partitions: partitions,
      counters: 0,
      inputs: [StepInput(step: nil, splits: (0..<splits).map { .values($0..<($0 + 1)) })],
      samples: [])
  }

  static func aligned(_ step: StepID, _ inputs: [StepID], partitions: Int) -> StepPlan {
    StepPlan(
      step: step, lane: 0, purpose: .work, job: JobID(1), attempt: 1, spec: spec(code: 1),
      stage: StageID(2), fingerprint: 99, partitions: partitions, counters: 0, isAligned: true,
      inputs: inputs.map { StepInput(step: $0, splits: []) }, samples: [])
  }

  /// A view in which every shard has the receivers that are named.
  static func view(_ number: UInt64, _ members: [Int], _ receivers: [[Int]]) -> ClusterView {
    ClusterView(
      number: number, members: nodes(members), receivers: receivers.map(nodes),
      scheduler: node(members[0]), inadequacy: nil)
  }

  static func attempt(_ split: Int, _ attempt: Int = 0, at node: Int) -> SplitAttempt {
    SplitAttempt(split: split, attempt: attempt, node: Self.node(node))
  }

  static func bytes(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var out = ByteBuffer()
    write(&out)
    return Array(out.bytes)
  }
}
