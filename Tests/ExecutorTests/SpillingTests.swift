// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import ExecutorSupport
import Foundation
import Glibc
import Memory
import Testing
import Vocabulary

@testable import Jobs
@testable import MapReduce
@testable import Runtime

/// What does not fit into the memory of a node and its executors lies in files, and comes to the
/// same.
@Suite struct SpillingTests {
  private static let place = "/var/tmp"

  private static func little(_ settings: inout ExecutorSettings) {
    settings.hold = ExecutorSettings.Hold(bytes: 512 << 10, scratch: place)
  }

  private func expectEqual<J: Job>(_: J.Type, _ arguments: [String], in directory: String) throws {
    let place = try Workplace(arenaBytes: 1 << 20, scratch: Self.place, Self.little)
    let driver = Driver(
      place: place, job: JobSpec(J.name, arguments, in: directory), executable: Built.mapred)
    let driven = try driver.run()
    let inline = try InlineRunner(threads: 2).run(Plan(J.parse(arguments)))
    for output in inline.outputs {
      let tallies = try #require(driven.outputs[output.name])
      #expect(tallies.map(\.digest) == output.tallies.map(\.digest), "\(J.name)")
      #expect(tallies.map(\.records) == output.runs.map(\.records), "\(J.name)")
    }
    #expect(place.spilledBytes > 1 << 20, "executors of \(J.name) wrote something out")
    #expect(place.arena.takenBytes <= 1 << 20)
    #expect(place.deaths.isEmpty)
  }

  @Test func `Sorts, sums and groups that spill leave the same runs`() throws {
    let corpus = try Corpus()
    let texts = "\(corpus.path)/texts"
    try expectEqual(TeraSort.self, [texts], in: corpus.path)
    // Words of which hardly one is there twice.
    let lines = (0..<40_000).map { line in
      (0..<5).map { "word\((line * 5 + $0) * 7919 % 1_000_003)" }.joined(separator: " ")
    }
    try corpus.write("many.txt", lines)
    try corpus.write("many.tsv", lines.enumerated().map { "document\($0 % 900)\t\($1)" })
    try expectEqual(WordCount.self, ["\(corpus.path)/many.txt"], in: corpus.path)
    try expectEqual(InvertedIndex.self, ["\(corpus.path)/many.tsv"], in: corpus.path)
  }

  @Test func `Aligned joins that spill leave the same runs`() throws {
    let corpus = try Corpus()
    // Three nodes have most links: what comes of their partitions is larger than the memory.
    let edges = (0..<200_000).map { "\($0 % 3) \($0)" }
    try corpus.write("edges.txt", edges)
    try expectEqual(PageRank.self, ["\(corpus.path)/edges.txt", "--rounds", "2"], in: corpus.path)
  }

  /// Sorts a text in one executor whose scratch is elsewhere.
  private func sort(_ corpus: Corpus, scratch: String) throws -> (TaskResult, Workplace) {
    let place = try Workplace(slots: 1) {
      $0.hold = ExecutorSettings.Hold(bytes: 512 << 10, scratch: scratch)
    }
    let job = JobSpec("terasort", ["texts"], in: corpus.path)
    let branch = BranchID(StageID(0), 0)
    guard
      case .listed(let files) = try place.perform(job, Built.mapred, [.list(branch)])[0].report()
    else { throw CancellationError() }
    let work = Splits.pack(files).map { ExecutorTask.Work.map(branch, .files($0), samples: []) }
    let blocks = try place.perform(job, Built.mapred, work).flatMap { $0.blocks.map(\.block) }
    let fold = FoldID(step: StepID(1), partition: 0)
    let result = try place.perform(
      job, Built.mapred, [.fold(fold, StageID(0), blocks, isLast: true)])[0]
    return (result, place)
  }

  @Test func `A full scratch directory fails a task, and not the executor`() throws {
    let corpus = try Corpus()
    let full = "\(corpus.path)/full"
    try FileManager.default.createDirectory(atPath: full, withIntermediateDirectories: false)
    // Who may mount has a disk of its own for this; else there is a directory that is none.
    let isMounted = unsafe mount("tmpfs", full, "tmpfs", 0, "size=64k") == 0
    defer { if isMounted { unsafe umount(full) } }
    let scratch = isMounted ? full : "\(full)/none"
    let (result, place) = try sort(corpus, scratch: scratch)
    let failure = try #require(result.end.failure)
    #expect(failure.exitCode == 73 && failure.code == "cannot_write")
    #expect(failure.message.contains(scratch))
    #expect(!isMounted || failure.message.contains("the disk is full"))
    #expect(failure.advice?.contains("memory.scratch") == true)
    place.pool.forget(StepID(1))
    let next = try place.perform(
      JobSpec("terasort", ["texts"], in: corpus.path), Built.mapred, [.plan])
    #expect(next[0].end.failure == nil)
    #expect(place.deaths.isEmpty)
    place.close()
  }

  @Test func `An arena whose memory is taken goes on in its file`() throws {
    let arena = try Arena(byteCount: 1 << 20, scratch: Self.place)
    var kept: [(Block, UInt8)] = []
    for index in 0..<100 {
      let letter = UInt8(index)
      let bytes = [UInt8](repeating: letter, count: 50_000 + 3 * index)
      let block = bytes.withBytes { arena.block(copying: $0, records: 1) }
      kept.append((try #require(block), letter))
    }
    #expect(arena.takenBytes <= 1 << 20 && arena.fileBytes > 3 << 20)
    #expect(!kept[0].0.isInFile && kept[99].0.isInFile)
    for (block, letter) in kept {
      #expect(block.bytes.allSatisfy { $0 == letter })
      block.letGo()
      #expect(block.bytes[block.count - 1] == letter)
      #expect(arena.offset(of: block) != nil)
    }
    #expect(arena.failure == nil)
    kept = []
    #expect(arena.takenBytes == 0 && arena.fileBytes == 0)
  }

  @Test func `An arena without a file says why there is none`() throws {
    let arena = try Arena(byteCount: 1 << 20, scratch: "/nowhere/at/all")
    let half = [UInt8](repeating: 1, count: 600 << 10)
    let first = half.withBytes { arena.block(copying: $0, records: 1) }
    #expect(first != nil)
    #expect(half.withBytes { arena.block(copying: $0, records: 1) } == nil)
    #expect(arena.isFull.message.contains("/nowhere/at/all"))
    #expect(arena.isFull.advice?.contains("memory.scratch") == true)
  }
}

extension [UInt8] {
  fileprivate func withBytes<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    try unsafe withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return try body(Bytes("")) }
      return unsafe try body(Bytes(base, raw.count))
    }
  }
}
