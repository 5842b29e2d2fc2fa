// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import ExecutorSupport
import Foundation
import Glibc
import Memory
import Testing
import Vocabulary

@testable import Runtime

/// Executors that are worse than their jobs: what they say is not believed, and they leave nothing.
@Suite struct ConfinementTests {
  /// A program that says hello and these words, and then waits for its end.
  private func liar(_ corpus: Corpus, _ words: [ExecutorWord]) throws -> String {
    var bytes = ByteBuffer()
    for word in [.hello(version: ExecutorBorder.version)] + words {
      bytes.append(message: { $0.append(word) })
    }
    try Data(Array(bytes.bytes)).write(to: URL(filePath: "\(corpus.path)/words"))
    return try corpus.script(
      "liar", ["#!/bin/sh", "cat \(corpus.path)/words >&3", "exec cat <&3"])
  }

  private func end(
    _ words: [ExecutorReport], of work: ExecutorTask.Work = .plan
  ) throws -> (TaskResult, Workplace) {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1) {
      $0.areaBytes = 1 << 20
      $0.graceNanoseconds = 500_000_000
    }
    let program = try liar(corpus, words.map { .report(number: 1, $0) })
    return (try place.perform(JobSpec("any", []), program, [work])[0], place)
  }

  static let wrong: [(ExecutorTask.Work, ExecutorReport)] = [
    (.plan, .folded), (.plan, .mapped(SplitTally())),
    (.list(BranchID(StageID(0), 0)), .finished(RunTally())),
    (.map(BranchID(StageID(0), 0), .values(0..<1), samples: []), .sampled([])),
    (.sample(BranchID(StageID(0), 0), .values(0..<1)), .listed([])),
    (.fold(FoldID(step: StepID(1), partition: 0), StageID(0), [], isLast: true), .folded),
    (
      .fold(FoldID(step: StepID(1), partition: 0), StageID(0), [], isLast: false),
      .finished(RunTally())
    ),
  ]

  @Test(arguments: wrong.indices) func `A report of other work ends its executor`(
    index: Int
  ) throws {
    let (work, report) = Self.wrong[index]
    let (result, place) = try end([report], of: work)
    #expect(result.end.hasDied)
    let message = try #require(result.end.failure?.message)
    #expect(message.contains("cannot be read"), "\(message)")
    #expect(place.deaths.count == 1)
  }

  static let places: [(offset: Int, count: Int, records: Int)] = [
    (0, 64 << 10, 1), (64 << 10, 0, 0), (64 << 10, 10, 0), (64 << 10, 10, 11),
    (64 << 10, (1 << 20) + 1, 1), (1 << 20, (64 << 10) + 1, 1), (1 << 40, 10, 1),
    (.max - 5, 10, 1), (65 << 10, 10, 1),
  ]

  @Test(arguments: places.indices) func `A block that cannot be there ends its executor`(
    index: Int
  ) throws {
    let (offset, count, records) = Self.places[index]
    let lent = LentBlock(id: UInt64(offset), offset: offset, count: count, records: records)
    let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), .values(0..<1), samples: [])
    let (result, _) = try end([.block(partition: 0, lent), .mapped(SplitTally())], of: work)
    #expect(result.end.hasDied)
    #expect(result.blocks.isEmpty)
  }

  @Test func `A block that is lent twice ends its executor`() throws {
    let lent = LentBlock(id: 64 << 10, offset: 64 << 10, count: 100, records: 3)
    let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), .values(0..<1), samples: [])
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    place.copiesBlocks = false
    let words: [ExecutorReport] = [.block(partition: 0, lent), .block(partition: 0, lent)]
    let program = try liar(corpus, words.map { .report(number: 1, $0) })
    let result = try place.perform(JobSpec("any", []), program, [work])[0]
    #expect(result.end.hasDied)
    #expect(result.blocks.count == 1)
  }

  @Test func `Words without end are cut`() throws {
    let long = String(repeating: "long ", count: 1 << 20)
    let failure = JobFailure(
      exitCode: 1, code: "failed", message: long, record: long,
      trace: Array(repeating: "line", count: 10_000))
    let (result, _) = try end([.failed(failure)])
    let told = try #require(result.end.failure)
    #expect(!result.end.hasDied)
    #expect(told.message.utf8.count < 5000 && told.message.hasPrefix("long long"))
    #expect((told.record?.utf8.count ?? 0) < 5000)
    #expect(told.trace.count <= 200)
  }

  @Test func `An executor that closes its connection is ended`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1) { $0.graceNanoseconds = 200_000_000 }
    let program = try liar(corpus, [])
    try corpus.write(
      "liar", ["#!/bin/sh", "cat \(corpus.path)/words >&3", "exec 3>&-", "sleep 1000"])
    let result = try place.perform(JobSpec("any", []), program, [.plan])[0]
    #expect(result.end.hasDied)
  }

  @Test func `What an executor has started ends with it`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    try corpus.write("lines.txt", ["one"])
    let job = JobSpec("ends-at", ["orphan", "one", "lines.txt"], in: corpus.path)
    let file = InputFile(path: "lines.txt", size: 4, isStream: false)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), .files([FileRange(file: file, range: 0..<4)]), samples: [])
    let result = try place.perform(job, Built.faulty, [work])[0]
    #expect(result.end.hasDied)
    let line = try #require(result.end.failure?.trace.first { $0.hasPrefix("orphan ") })
    let words = line.split(separator: " ")
    #expect(words.last == "0", "it was started: \(line)")
    let orphan = try #require(pid_t(words[1]))
    for _ in 0..<3000 where kill(orphan, 0) == 0 && !isZombie(orphan) { usleep(10_000) }
    #expect(kill(orphan, 0) != 0 || isZombie(orphan))
  }

  private func isZombie(_ process: pid_t) -> Bool {
    let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    return text?.split(separator: ")").last?.split(separator: " ").first == "Z"
  }

  @Test func `The samples of a stage are those of its map tasks, however they take turns`() throws {
    let corpus = try Corpus()
    let lines = (0..<200).map { String(UnicodeScalar(UInt8(0x21 + $0 % 90))) }
    try corpus.write("lines.txt", lines)
    let job = JobSpec("terasort", ["lines.txt"], in: corpus.path)
    let lost = JobSpec("terasort", ["lines.txt"], in: "/nowhere")
    let file = InputFile(path: "lines.txt", size: 400, isStream: false)
    let input = MapInput.files([FileRange(file: file, range: 0..<400)])
    func samples(_ first: UInt8) -> [[UInt8]] { (0..<31).map { [first + $0] } }
    let place = try Workplace(slots: 1)
    func partitions(_ job: JobSpec, _ samples: [[UInt8]]) throws -> [Int] {
      let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), input, samples: samples)
      return try place.perform(job, Built.mapred, [work])[0].blocks.map(\.partition).sorted()
    }
    let low = try partitions(job, samples(0x21))
    let high = try partitions(job, samples(0x50))
    #expect(low != high)
    #expect(try partitions(job, samples(0x50)) == high)
    // A task that fails before it begins has brought its samples all the same.
    #expect(try partitions(lost, samples(0x21)).isEmpty)
    #expect(try partitions(job, samples(0x21)) == low)
    #expect(place.deaths.isEmpty)
  }
}
