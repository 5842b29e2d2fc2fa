// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import ExecutorSupport
import Foundation
import Glibc
import Memory
import Runtime
import Testing
import Vocabulary

@testable import FaultyJobs
@testable import MapReduce

/// Blocks that pass the border, and what is written beside it.
@Suite struct BlockFlowTests {
  private func input(_ corpus: Corpus, _ lines: [String]) throws -> MapInput {
    try corpus.write("lines.txt", lines)
    let size = lines.reduce(0) { $0 + $1.utf8.count + 1 }
    let file = InputFile(path: "lines.txt", size: size, isStream: false)
    return .files([FileRange(file: file, range: 0..<size)])
  }

  private func values(_ blocks: [Block]) throws -> [[UInt8]] {
    try blocks.flatMap { block in
      var reader = ByteReader(block.bytes)
      var found: [[UInt8]] = []
      while !reader.isAtEnd { found.append(Array(try reader.frame().value)) }
      return found
    }
  }

  @Test(arguments: [100_000, 900_000]) func `Records larger than a block pass`(bytes: Int) throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1) { $0.areaBytes = 1 << 20 }
    let lines = (0..<20).map { "\($0)" }
    let job = JobSpec("widens", ["\(bytes)", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), try input(corpus, lines), samples: [])
    let mapped = try place.perform(job, Built.faulty, [work])[0]
    #expect(mapped.end.failure == nil)
    let fold = FoldID(step: StepID(1), partition: 0)
    let results = try place.perform(
      job, Built.faulty,
      [.fold(fold, StageID(0), mapped.blocks.map(\.block), isLast: true)])
    #expect(results[0].end.failure == nil)
    for blocks in [mapped.blocks.map(\.block), results[0].run] {
      let found = try values(blocks)
      #expect(found.count == lines.count)
      for (value, line) in zip(found, lines) {
        #expect(value.count > bytes && value.suffix(line.utf8.count) == Array(line.utf8)[...])
      }
    }
  }

  @Test func `A record larger than the area is told, and the executor lives on`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1) { $0.areaBytes = 1 << 20 }
    let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), try input(corpus, ["a"]), samples: [])
    for (bytes, isRight) in [("1200000", false), ("1000", true)] {
      let job = JobSpec("widens", [bytes, "lines.txt"], in: corpus.path)
      let result = try place.perform(job, Built.faulty, [work])[0]
      #expect((result.end.failure == nil) == isRight)
      #expect(!result.end.hasDied)
      if let failure = result.end.failure {
        #expect(failure.message.contains("a record of 1.1 MiB is larger than what leaves"))
        #expect(failure.code == "bad_input")
      }
    }
  }

  @Test func `An executor waits while its area is taken, and goes on`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1) { $0.areaBytes = 1 << 20 }
    let job = JobSpec("widens", ["1000", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), try input(corpus, (0..<4000).map { "\($0)" }), samples: [])
    place.pool.start(
      0, ExecutorTask(number: 77, job: job, fingerprint: nil, work: work),
      executable: Built.faulty)
    var held: [Block] = []
    var records = 0
    var isOver = false
    // 4 MB through 1 MiB: it cannot end while all are held.
    while held.count < 16 {
      for case .report(_, 77, .block(_, let block)) in try place.wait() { held.append(block) }
    }
    while !isOver {
      records += held.reduce(0) { $0 + $1.records }
      held = []
      for case .report(_, 77, let report) in try place.wait() {
        switch report {
        case .block(_, let block): held.append(block)
        case .mapped(let tally):
          isOver = true
          #expect(tally.recordsShuffled == 4000)
        default: Issue.record("\(report)")
        }
      }
    }
    records += held.reduce(0) { $0 + $1.records }
    #expect(records == 4000)
  }

  @Test func `Blocks outlive their executor`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    place.copiesBlocks = false
    let job = JobSpec("widens", ["10", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), try input(corpus, ["a", "b"]), samples: [])
    let result = try place.perform(job, Built.faulty, [work])[0]
    place.close()
    let found = try values(result.blocks.map(\.block))
    #expect(found.map { $0.suffix(1) } == [Array("a".utf8)[...], Array("b".utf8)[...]])
  }

  @Test func `What is lent comes back when it was folded, or forgotten`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    let job = JobSpec("widens", ["1000", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), try input(corpus, (0..<300).map { "\($0)" }), samples: [])
    var mapped: [Block] = try place.perform(job, Built.faulty, [work])[0].blocks.map(\.block)
    let fold = FoldID(step: StepID(1), partition: 0)
    _ = try place.perform(job, Built.faulty, [.fold(fold, StageID(0), mapped, isLast: false)])
    #expect(place.arena.takenBytes > 300_000)
    mapped = []
    // The executor keeps them, because its stage keeps records.
    _ = try place.perform(job, Built.faulty, [.plan])
    #expect(place.arena.takenBytes > 300_000)
    place.pool.forget(StepID(1))
    for _ in 0..<2 { _ = try place.perform(job, Built.faulty, [.plan]) }
    #expect(place.arena.takenBytes == 0)
  }

  @Test func `A full arena fails a task, and not the pool`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1, arenaBytes: 1 << 20)
    place.copiesBlocks = false
    let job = JobSpec("widens", ["1000", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), try input(corpus, (0..<3000).map { "\($0)" }), samples: [])
    let mapped = try place.perform(job, Built.faulty, [work])[0]
    let blocks = mapped.blocks.map(\.block)
    let fold = FoldID(step: StepID(1), partition: 0)
    let result = try place.perform(
      job, Built.faulty, [.fold(fold, StageID(0), blocks, isLast: false)])[0]
    #expect(result.end.failure?.message.contains("memory of a node for blocks") == true)
    #expect(!result.end.hasDied)
    #expect(place.arena.takenBytes == 0)
    let next = try place.perform(job, Built.faulty, [.plan])[0]
    #expect(next.end.failure == nil)
  }

  @Test func `Counters tell what counted, once`() throws {
    let corpus = try Corpus()
    let place = try Workplace()
    let job = JobSpec("counts", ["texts"], in: corpus.path)
    let driven = try Driver(place: place, job: job, executable: Built.faulty).run()
    #expect(driven.plan.counters == ["lines", "words", "keys"])
    let totals = (0..<3).map { index in driven.splits.reduce(0) { $0 + $1.counters[index] } }
    let inline = try InlineRunner(threads: 2).run(
      Plan(Counts.parse(["\(corpus.path)/texts"])))
    #expect(totals[0] == 60_000)
    #expect(totals[1] == 360_000)
    #expect(totals[2] == inline.outputs[0].records)
    #expect(inline.counters.map(\.value) == totals)
    #expect(inline.counters.map(\.name) == driven.plan.counters)
  }

  @Test func `A chatty executor neither waits nor floods`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    let job = JobSpec("talks", ["1000000", "lines.txt"], in: corpus.path)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), try input(corpus, ["talk"]), samples: [])
    let result = try place.perform(job, Built.faulty, [work])[0]
    #expect(result.end.failure == nil)
    _ = try place.perform(job, Built.faulty, [.plan])
    let (lines, dropped) = place.pool.takeLines()
    #expect(lines.first?.text.hasPrefix("line 0 ---") == true)
    #expect(lines.count <= 4096)
    // Most of a million lines were not even looked at.
    #expect(lines.count + dropped < 900_000)
  }

  @Test func `An executor runs alone, and as another user where it can`() throws {
    let user = geteuid() == 0 ? ExecutorUser(named: "nobody") : nil
    let place = try Workplace(slots: 1) { $0.user = user }
    let result = try place.perform(
      JobSpec("tells-user", []), Built.faulty,
      [.map(BranchID(StageID(0), 0), .values(0..<1), samples: [])])[0]
    #expect(result.end.failure == nil)
    place.close()
    let lines = place.pool.takeLines().lines.map(\.text).filter { !$0.hasPrefix("pid ") }
    let id = user?.user ?? geteuid()
    let group = user?.group ?? getegid()
    #expect(lines == ["uid \(id) \(id) gid \(group) session true", "stdin 0 end"])
  }

  @Test func `A few executables of a slot are kept, and not more`() throws {
    let place = try Workplace(slots: 1) { $0.processesPerSlot = 2 }
    for round in 0..<3 {
      for code in 1...4 as ClosedRange<UInt8> {
        let job = JobSpec("tells-user", [], code: code)
        let result = try place.perform(job, Built.faulty, [.plan])[0]
        #expect(result.end.failure == nil, "round \(round), code \(code)")
      }
    }
    #expect(place.deaths.isEmpty)
  }
}
