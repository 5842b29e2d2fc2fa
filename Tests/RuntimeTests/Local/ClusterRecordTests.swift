// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Runtime

@Suite("The record of a cluster that up started")
struct ClusterRecordTests {
  private static var record: ClusterRecord {
    var record = ClusterRecord(
      bootID: "b-1", starter: ProcessMark(number: 7, started: 70))
    record.nodes = [
      .init(name: "n1", mark: ProcessMark(number: 8, started: 80)),
      .init(name: "n2", mark: ProcessMark(number: 9, started: 90)),
    ]
    return record
  }

  @Test("What is written is read, with and without a starter")
  func roundTrip() {
    var record = Self.record
    #expect(ClusterRecord(record.text) == record)
    record.starter = nil
    record.nodes = []
    #expect(ClusterRecord(record.text) == record)
  }

  @Test(
    "What is no record is not read",
    arguments: [
      "", "processes of `up`, 2\n", "processes of `up`, 1\nnode n1 8\n",
      "processes of `up`, 1\nnode n1 0 80\n", "processes of `up`, 1\nnode n1 -8 80\n",
      "processes of `up`, 1\nstarter x 80\n", "processes of `up`, 1\nmore\n",
    ])
  func damaged(_ text: String) { #expect(ClusterRecord(text) == nil) }

  @Test("A process is told from a later one with its number")
  func marks() throws {
    let own = try #require(ProcessMark.own)
    #expect(own.number == getpid())
    #expect(HostProcess(own) != nil)
    let earlier = ProcessMark(number: own.number, started: own.started - 1)
    #expect(HostProcess(earlier) == nil)
    #expect(ProcessMark(running: 4_999_999) == nil)
  }

  /// A directory for sockets, removed with the test.
  private static func withBase(_ body: (String) throws -> Void) throws {
    let base = "/tmp/mapred-\(UInt32.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: base) }
    try body(base)
  }

  @Test("A record whose processes are gone stands in nobody's way, and nobody is ended for it")
  func stale() throws {
    try Self.withBase { base in
      let standing = StandingCluster(base: base)
      try standing.claim()
      // This process holds it.
      #expect(throws: (any Error).self) { try standing.claim() }
      var record = try #require(standing.record)
      let own = try #require(ProcessMark.own)
      record.starter = nil
      // The number of this process, and the start of an earlier one.
      let earlier = ProcessMark(number: own.number, started: own.started - 1)
      record.nodes = [.init(name: "n1", mark: earlier)]
      try standing.keep(record)
      #expect(standing.endedNodes == ["n1"])
      #expect(standing.end() == .absent(hadRemains: true))
      #expect(standing.end() == .absent(hadRemains: false))
      try standing.claim()
      // Another start of the host: marks of that time mean nothing.
      record.bootID = "another"
      record.nodes = [.init(name: "n1", mark: own)]
      try standing.keep(record)
      #expect(standing.end() == .absent(hadRemains: true))
    }
  }

  @Test("A directory that others may look into, or that is none, is not used")
  func privacy() throws {
    try Self.withBase { base in
      try FileManager.default.createDirectory(
        atPath: base, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
      #expect(throws: (any Error).self) { try StandingCluster(base: base).claim() }
      try FileManager.default.removeItem(atPath: base)
      try "".write(toFile: base, atomically: false, encoding: .utf8)
      #expect(throws: (any Error).self) { try StandingCluster(base: base).claim() }
    }
  }

  @Test("The directories of runs that are gone are removed, and no others")
  func runDirectories() throws {
    try Self.withBase { base in
      let own = try RunDirectory.make(base: base)
      #expect(RunDirectory.mark(String(own.dropFirst(base.count + 1))) == ProcessMark.own)
      let gone = "\(base)/run-4999999-1"
      let others = ["\(base)/run-x", "\(base)/running-1-1", "\(base)/n1.sock"]
      for path in [gone] + others {
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: false)
      }
      try "x".write(toFile: "\(gone)/n1.log", atomically: false, encoding: .utf8)
      #expect(try RunDirectory.make(base: base) == own)
      #expect(!FileManager.default.fileExists(atPath: gone))
      for path in others { #expect(FileManager.default.fileExists(atPath: path)) }
    }
  }
}
