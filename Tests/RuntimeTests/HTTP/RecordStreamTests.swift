// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@testable import Runtime

/// A node that has runs, and hands out a few bytes at a time.
private final class RunHolder: NodeAccess {
  private let runs: [[UInt8]]
  private let pieceBytes: Int
  private(set) var asked = 0

  init(_ runs: [[UInt8]], pieceBytes: Int) {
    self.runs = runs
    self.pieceBytes = pieceBytes
  }

  func nextCommand() -> CommandID { preconditionFailure("records are read without commands") }

  func exchange(_ request: [UInt8], milliseconds: Int) throws(NodeClient.Failure) -> Reply {
    guard case .read(let question)? = Request(request) else { throw .refused("no such question") }
    asked += 1
    let bytes = runs[question.partition].dropFirst(question.offset).prefix(pieceBytes)
    return .outcome(.done(Array(bytes)))
  }
}

@Suite("Reading the records of a result")
struct RecordStreamTests {
  private static let partitions = 4

  private static func frame(_ key: String, _ value: String) -> [UInt8] {
    var out = ByteBuffer()
    Array(key.utf8).withBytes { key in
      Array(value.utf8).withBytes { out.appendFrame(key: key, value: $0) }
    }
    return Array(out.bytes)
  }

  private static func version(
    _ runs: [[UInt8]], isHashed: Bool, order: ResultSchema.Order
  ) -> ResultVersion {
    let tallies = runs.map { run -> RunTally in
      var tally = RunTally()
      tally.bytes = run.count
      return tally
    }
    let schema = ResultSchema(key: .string, value: .string, shape: .pairs, order: order)
    return ResultVersion(
      name: "r", version: 1, instant: Instant(microseconds: 1), job: JobID(1), step: StepID(1),
      schema: schema, isHashed: isHashed, runs: tallies)
  }

  private static func read(
    _ version: ResultVersion, _ selection: RecordSelection, _ holder: RunHolder
  ) throws -> [String] {
    let stream = try RecordStream(version, selection, holder, milliseconds: 1)
    var found: [String] = []
    while try stream.next() {
      found.append(stream.withRecord { key, value in "\(String(key))=\(String(value))" })
    }
    return found
  }

  /// Keys where they are put by hash, in order within each partition.
  private static func spread(_ keys: [String]) -> [[UInt8]] {
    var runs = [[UInt8]](repeating: [], count: partitions)
    for key in keys.sorted() {
      let partition = Array(key.utf8).withBytes {
        stablePartition($0, mask: UInt64(partitions - 1))
      }
      runs[partition] += frame(key, "v\(key)")
    }
    return runs
  }

  @Test("Partitions that were made by hash are merged by key", arguments: [1, 7, 1000])
  func merged(_ pieceBytes: Int) throws {
    let keys = (0..<200).map { "k\($0)" } + ["", "k", String(repeating: "long", count: 100)]
    let runs = Self.spread(keys)
    let version = Self.version(runs, isHashed: true, order: .key)
    let all = keys.sorted().map { "\($0)=v\($0)" }
    let holder = RunHolder(runs, pieceBytes: pieceBytes)
    #expect(try Self.read(version, .all, holder) == all)
    for key in ["k7", "k199", ""] {
      let selection = try RecordSelection.key(key, of: version)
      #expect(try Self.read(version, selection, holder) == ["\(key)=v\(key)"])
    }
    let missing = try RecordSelection.key("k200", of: version)
    #expect(try Self.read(version, missing, holder).isEmpty)
    let prefix = try RecordSelection.prefix("k19", of: version)
    #expect(try Self.read(version, prefix, holder) == all.filter { $0.hasPrefix("k19") })
  }

  @Test("Other partitions follow each other, and those that are not reached are not asked for")
  func following() throws {
    let runs = [Self.frame("b", "1") + Self.frame("a", "2"), [], Self.frame("c", "3"), []]
    let version = Self.version(runs, isHashed: false, order: .rank)
    let holder = RunHolder(runs, pieceBytes: 1000)
    #expect(try Self.read(version, .all, holder) == ["b=1", "a=2", "c=3"])
    #expect(holder.asked == 2)
    // Without an order by key, all have to be looked at.
    #expect(try Self.read(version, .key(Array("a".utf8)), holder) == ["a=2"])
    let lazy = RunHolder(runs, pieceBytes: 1000)
    let stream = try RecordStream(version, .all, lazy, milliseconds: 1)
    #expect(try stream.next())
    #expect(lazy.asked == 1)
  }

  @Test("A run that is shorter than it is said to be, or damaged, is an error")
  func damaged() throws {
    let run = Self.frame("a", "1")
    let version = Self.version([run], isHashed: false, order: .input)
    #expect(throws: NodeClient.Failure.self) {
      try Self.read(version, .all, RunHolder([Array(run.dropLast())], pieceBytes: 2))
    }
    #expect(throws: NodeClient.Failure.self) {
      try Self.read(version, .all, RunHolder([[200] + run.dropFirst()], pieceBytes: 100))
    }
  }

  @Test("Keys that cannot be are refused")
  func keys() throws {
    let schema = ResultSchema(
      key: .integer(bits: 64, isSigned: true), value: .nothing, shape: .keys, order: .key)
    let version = ResultVersion(
      name: "r", version: 1, instant: Instant(microseconds: 1), job: JobID(1), step: StepID(1),
      schema: schema, isHashed: false, runs: [])
    #expect(throws: RecordSelection.Wrong.self) { try RecordSelection.key("x", of: version) }
    #expect(throws: RecordSelection.Wrong.self) { try RecordSelection.prefix("1", of: version) }
    #expect(try RecordSelection.key("1", of: version) != .all)
  }
}
