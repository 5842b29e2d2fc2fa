// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite("A cluster of this host: up and down", .serialized)
struct UpTests {
  private let scratch: Scratch
  private let place: RuntimePlace

  init() throws {
    scratch = try Scratch()
    place = try RuntimePlace()
    try scratch.write("in.txt", String(repeating: "the cat and the dog\n", count: 100))
  }

  private func mapred(_ arguments: String...) async throws -> Outcome {
    try await scratch.start(arguments, environment: place.environment).outcome()
  }

  /// The numbers of the processes that `up` says it has started.
  private static func numbers(_ lines: [String]) throws -> [pid_t] {
    try lines.map { line in
      let fields = line.split(separator: "\t")
      try #require(fields.count == 3, "\(line)")
      return try #require(pid_t(fields[1]))
    }
  }

  @Test("A detached cluster serves until down, also without the node that was asked first")
  func detached() async throws {
    let up = try await mapred("up", "-d")
    expectSuccess(up)
    #expect(up.lines.map { $0.prefix(2) } == ["n1", "n2", "n3"])
    #expect(up.words.contains("down"))
    let nodes = try Self.numbers(up.lines)
    let second = try await mapred("up", "-d")
    expectFailure(second, 69, naming: place.up, "n2", "down")
    let members = try await mapred("members")
    expectSuccess(members)
    #expect(members.lines.count == 3)
    let submitted = try await mapred("submit", "--wait", "wordcount", "in.txt")
    expectSuccess(submitted)
    #expect(submitted.text.contains("committed"))

    #expect(kill(nodes[0], SIGKILL) == 0)
    try await eventually("the others go on") {
      let ended = try? String(contentsOfFile: "/proc/\(nodes[0])/stat", encoding: .utf8)
      return ended == nil || ended?.contains(") Z ") == true ? () : nil
    }
    let shown = try await mapred("get", "wordcount")
    expectSuccess(shown)
    #expect(shown.text == "and\t100\ncat\t100\ndog\t100\nthe\t200\n")
    let again = try await mapred("run", "wordcount", "in.txt", "-q", "--on", "cluster")
    expectSuccess(again)
    #expect(again.text == shown.text)
    let jobs = try await mapred("jobs")
    #expect(jobs.lines.count == 2)

    expectSuccess(try await mapred("down"))
    #expect(place.processes.isEmpty)
    #expect(place.names.isEmpty)
    expectFailure(try await mapred("down"), 66, naming: place.up, "up -d")
    expectFailure(try await mapred("jobs"), 69, naming: "\(place.path)/mapred", "up -d")
  }

  /// Starts an attached cluster and waits until it serves.
  private func attached() async throws -> (up: Child, nodes: [pid_t]) {
    let child = try scratch.start(
      ["up", "--nodes", "2"], environment: place.environment)
    let nodes = try await eventually("two nodes serve") { () -> [pid_t]? in
      let lines = child.outputSoFar.split(separator: "\n").map(String.init)
      guard lines.count < 2 else { return try Self.numbers(lines) }
      guard child.isRunning else { throw Child.Failure(description: "up has ended") }
      return nil
    }
    return (child, nodes)
  }

  @Test("An attached cluster leaves when it is interrupted", arguments: [SIGINT, SIGTERM])
  func interrupted(_ signal: Int32) async throws {
    let (up, nodes) = try await attached()
    #expect(Set(place.processes).isSuperset(of: nodes))
    let status = try await mapred("inspect", "view")
    expectSuccess(status)
    up.signal(signal)
    let outcome = await up.outcome()
    expectSuccess(outcome)
    #expect(outcome.words.contains("leave"))
    #expect(place.processes.isEmpty)
    #expect(place.names.isEmpty)
  }

  @Test("The nodes of an attached cluster end with it, also where it is killed")
  func killed() async throws {
    let (up, _) = try await attached()
    up.signal(SIGKILL)
    #expect(await up.outcome().signal == SIGKILL)
    try await eventually("the nodes have ended") { place.processes.isEmpty ? () : nil }
    // What it left is nobody's, and the next one takes its place.
    let next = try await mapred("up", "-d", "--nodes", "1", "--transport", "tcp")
    expectSuccess(next)
    #expect(next.words.contains("TCP"))
    expectSuccess(try await mapred("down", "-q"))
  }

  @Test("down ends an attached cluster, too")
  func downOfAttached() async throws {
    let (up, _) = try await attached()
    expectSuccess(try await mapred("down"))
    expectSuccess(await up.outcome())
    #expect(place.processes.isEmpty)
  }

  @Test("What cannot be is told before anything is started")
  func refused() async throws {
    expectFailure(
      try await mapred("up", "-d", "--nodes", "2", "--replicas", "3"), 64, naming: "replicas")
    expectFailure(
      try await mapred("up", "-d", "--set", "memory.limt=1GiB"), 78, naming: "memory.limit")
    #expect(try await mapred("up", "--nodes", "0").code == 64)
    #expect(place.names.isEmpty)
    let far = "\(place.path)/\(String(repeating: "x", count: 60))"
    try FileManager.default.createDirectory(atPath: far, withIntermediateDirectories: false)
    let outcome = try await scratch.start(
      ["up", "-d"], environment: ["XDG_RUNTIME_DIR": far]
    ).outcome()
    expectFailure(outcome, 69, naming: "too long", "XDG_RUNTIME_DIR")
  }
}
