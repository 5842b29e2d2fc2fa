// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite("Jobs that go wrong, and runs that are interrupted")
struct FaultTests {
  @Test("A closure that throws: the error names operator, line and record")
  func throwing() async throws {
    let scratch = try Scratch()
    let good = String(repeating: "good\n", count: 200_000)
    try scratch.write("a.txt", good)
    try scratch.write("b.txt", "fine\nbad\nfine\n")
    let outcome = try await scratch.faultyJobs(
      "run", "throws-at", "bad", "a.txt", "b.txt", "-o", "out")
    expectFailure(outcome, 1, naming: "Refused", "FaultyJobs.swift:", "b.txt:2", "\"bad\"")
    #expect(try scratch.names() == ["a.txt", "b.txt"])
  }

  @Test("In JSON, the error's parts are fields of their own")
  func throwingJSON() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "fine\nbad\n")
    let outcome = try await scratch.faultyJobs("run", "throws-at", "bad", "in.txt", "--json")
    #expect(outcome.code == 1)
    let error = try #require(try outcome.objects().last)
    #expect(error["type"] as? String == "error")
    #expect(error["code"] as? String == "failed")
    #expect((error["location"] as? String)?.contains("FaultyJobs.swift:") == true)
    #expect((error["record"] as? String)?.contains("in.txt:2") == true)
  }

  @Test("A closure may say itself what kind of error it is")
  func throwingJobError() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "bad\n")
    let outcome = try await scratch.faultyJobs(
      "run", "throws-at", "bad", "in.txt", "--as-bad-input", "-o", "out")
    expectFailure(outcome, 65, naming: "this line is not wanted", "remove it", "in.txt:1")
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("A record of standard input is named by its place")
  func throwingOnStream() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "fine\nbad\n")
    let input = try #require(FileHandle(forReadingAtPath: "\(scratch.path)/in.txt"))
    let outcome = try await scratch.start(
      ["run", "throws-at", "bad", "-"], executable: Scratch.faultyJobs, standardInput: input
    ).outcome()
    expectFailure(outcome, 1, naming: "standard input", "\"bad\"")
  }

  @Test("A closure that traps ends the process, and nothing appears")
  func trapping() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a\n")
    let outcome = try await scratch.faultyJobs("run", "traps", "in.txt", "-o", "out")
    #expect(outcome.code == nil)
    #expect(outcome.signal == SIGILL || outcome.signal == SIGTRAP)
    #expect(outcome.data.isEmpty)
    #expect(try scratch.names() == ["in.txt"])
  }

  @Test("An interrupt ends a run that reads for ever", arguments: [SIGINT, SIGTERM])
  func interrupt(_ signal: Int32) async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    let child = try scratch.start(["run", "wordcount", "pipe", "-o", "out"])
    let writer = try await scratch.openPipe("pipe", readBy: child)
    try writer.write(contentsOf: Data("some words\nwithout an end".utf8))
    child.signal(signal)
    let outcome = await child.outcome()
    try writer.close()
    expectFailure(outcome, 130, naming: "interrupted", "nothing")
    #expect(try scratch.names() == ["pipe"])
  }

  @Test("An interrupt is a document, too, where documents are wanted")
  func interruptJSON() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    let child = try scratch.start(["run", "terasort", "pipe", "--json"])
    let writer = try await scratch.openPipe("pipe", readBy: child)
    child.signal(SIGINT)
    let outcome = await child.outcome()
    try writer.close()
    #expect(outcome.code == 130)
    #expect(try outcome.objects().first?["code"] as? String == "interrupted")
  }

  @Test("An interrupt ends a run that waits for a pipe's first writer")
  func interruptWhileOpening() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    let child = try scratch.start(["run", "wordcount", "pipe", "-o", "out"])
    // The handler stands when the signal is among those that the process catches.
    try await eventually("the run can be interrupted") {
      let status =
        (try? String(contentsOfFile: "/proc/\(child.identifier)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") } ?? ""
      let caught = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
      return caught & (1 << UInt64(SIGINT - 1)) == 0 ? nil : ()
    }
    child.signal(SIGINT)
    let outcome = await child.outcome()
    expectFailure(outcome, 130, naming: "interrupted")
    #expect(try scratch.names() == ["pipe"])
  }

  @Test("A second interrupt ends a run whose closure never returns")
  func secondInterrupt() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a\n")
    let child = try scratch.start(
      ["run", "hangs", "in.txt", "-o", "out"], executable: Scratch.faultyJobs)
    try await eventually("the closure hangs") {
      child.outputSoFar.contains("hanging") ? () : nil
    }
    // Equal signals that come at once are delivered once, so they are sent until it ends. The job
    // never ends by itself: only a second signal can do it.
    try await eventually("the run has ended") {
      child.signal(SIGINT)
      return child.isRunning ? nil : ()
    }
    let outcome = await child.outcome()
    #expect(outcome.code == 130)
    #expect(try scratch.names() == ["in.txt"])
  }
}
