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

/// Whatever a job's own code does: its executor may die of it, the pool says how and goes on.
@Suite struct FailureTests {
  /// Maps the whole file `lines.txt` of some lines in one task.
  private func map(
    _ place: Workplace, _ name: String, _ arguments: [String], _ lines: [String],
    executable: String = Built.faulty, code: UInt8 = 1, started: (Int) -> Void = { _ in }
  ) throws -> TaskResult {
    let corpus = try Corpus()
    try corpus.write("lines.txt", lines)
    let size = lines.reduce(0) { $0 + $1.utf8.count + 1 }
    let file = InputFile(path: "lines.txt", size: size, isStream: false)
    let input = MapInput.files([FileRange(file: file, range: 0..<size)])
    let job = JobSpec(name, arguments + ["lines.txt"], in: corpus.path, code: code)
    return try place.perform(
      job, executable, [.map(BranchID(StageID(0), 0), input, samples: [])], started: started)[0]
  }

  private func failure(
    _ place: Workplace, _ name: String, _ arguments: [String], _ lines: [String] = ["one", "two"]
  ) throws -> JobFailure {
    let result = try map(place, name, arguments, lines)
    return try #require(result.end.failure)
  }

  @Test func `What a closure throws names its line, and the executor lives on`() throws {
    let place = try Workplace(slots: 1)
    let result = try map(place, "throws-at", ["two"], ["one", "two", "three"])
    let failure = try #require(result.end.failure)
    #expect(!result.end.hasDied)
    #expect(failure.code == "failed")
    #expect(failure.message.contains("Refused(reason: \"unwanted\")"))
    #expect(failure.record == "lines.txt:2  \"two\"")
    #expect(failure.location?.contains("FaultyJobs.swift:") == true)
    let next = try map(place, "throws-at", ["four"], ["one", "two", "three"])
    #expect(next.end.failure == nil)
    #expect(next.blocks.map(\.block.records) == [3])
    #expect(place.deaths.isEmpty)
  }

  @Test(
    arguments: [
      ("trap", "a trap"), ("exit", "exited with 3 in the middle of a task"),
      ("kill", "was killed: out of memory"), ("abort", "SIGABRT"), ("recursion", "SIGSEGV"),
    ])
  func `A death says how, and where`(manner: String, words: String) throws {
    let place = try Workplace(slots: 1)
    let result = try map(place, "ends-at", [manner, "two"], ["one", "two"])
    let failure = try #require(result.end.failure)
    #expect(result.end.hasDied)
    #expect(failure.message.contains(words), "\(failure.message)")
    #expect(failure.location?.contains("ExecutorJobs.swift:") == true)
    #expect(failure.record == "lines.txt:2  \"two\"")
    #expect(place.deaths.count == 1)
    // The slot goes on with another process.
    let next = try map(place, "ends-at", [manner, "three"], ["one", "two"])
    #expect(next.end.failure == nil)
    #expect(place.deaths.count == 1)
  }

  @Test func `A trap leaves its words and its stack`() throws {
    let failure = try failure(try Workplace(slots: 1), "ends-at", ["trap", "two"])
    #expect(failure.trace.contains { $0.contains("this line traps") })
    let stack = failure.trace.drop { $0 != "stack:" }
    #expect(stack.contains { $0.contains("FaultyJobs(") }, "\(failure.trace)")
  }

  @Test func `A trap while folding or finishing is told with its stage`() throws {
    let place = try Workplace(slots: 1)
    let mapped = try map(place, "ends-at", ["merge", "-"], ["one", "two"])
    let job = JobSpec("ends-at", ["merge", "-", "lines.txt"])
    let fold = FoldID(step: StepID(7), partition: mapped.blocks[0].partition)
    let blocks = [mapped.blocks[0].block, mapped.blocks[0].block]
    let results = try place.perform(
      job, Built.faulty, [.fold(fold, StageID(0), blocks, isLast: false)])
    #expect(results[0].end.hasDied)
    #expect(results[0].end.failure?.location?.contains("combine") == true)
    #expect(results[0].end.failure?.record == nil)
  }

  @Test func `Memory beyond the limit ends an executor, and says so`() throws {
    let place = try Workplace(slots: 1) { $0.memoryBytes = 256 << 20 }
    let failure = try failure(place, "ends-at", ["memory", "two"])
    #expect(failure.message.contains("out of memory; its limit is 256.0 MiB"), "\(failure)")
    #expect(failure.advice?.contains("executor.memory") == true)
  }

  @Test func `An executor that makes no progress is ended`() throws {
    let place = try Workplace(slots: 1) { $0.deadlineNanoseconds = 300_000_000 }
    let result = try map(place, "hangs", [], ["one"])
    #expect(result.end.hasDied)
    #expect(result.end.failure?.message.contains("the executor hung") == true)
    #expect(result.end.failure?.trace.prefix(2) == ["hanging", "stack:"])
    #expect(result.end.failure?.record == "lines.txt:1  \"one\"")
  }

  @Test func `A cancelled task that goes on is ended`() throws {
    let place = try Workplace(slots: 1) { $0.graceNanoseconds = 200_000_000 }
    let result = try map(place, "hangs", [], ["one"]) { place.pool.cancel($0) }
    #expect(result.end.hasDied)
    #expect(result.end.failure?.message.contains("cancelled") == true)
  }

  @Test func `A cancelled task stops between two chunks, and its executor lives on`() throws {
    let place = try Workplace(slots: 1)
    let lines = (0..<2_000_000).map { "\($0)" }
    let result = try map(place, "throws-at", ["none"], lines) { place.pool.cancel($0) }
    #expect(!result.end.hasDied)
    #expect(result.end.failure?.code == "interrupted")
    let next = try map(place, "throws-at", ["none"], ["one", "two"])
    #expect(next.blocks.map(\.block.records) == [2])
    #expect(place.deaths.isEmpty)
  }

  @Test func `The death of an idle executor is told, once`() throws {
    let place = try Workplace(slots: 1)
    let job = JobSpec("tells-user", [])
    let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), .values(0..<1), samples: [])
    #expect(try place.perform(job, Built.faulty, [work])[0].end.failure == nil)
    var executor: pid_t?
    while executor == nil {
      let line = place.pool.takeLines().lines.first { $0.text.hasPrefix("pid ") }
      executor = line.flatMap { pid_t($0.text.dropFirst(4)) }
    }
    #expect(kill(try #require(executor), SIGKILL) == 0)
    var told: [JobFailure] = []
    while told.isEmpty {
      for case .died(0, job.code, let failure) in try place.wait() { told.append(failure) }
    }
    #expect(told.map(\.location) == [nil])
    #expect(told[0].message.contains("was killed"))
    // A task after that gets a new process, and no old news.
    #expect(try place.perform(job, Built.faulty, [work])[0].end.failure == nil)
    #expect(place.deaths.isEmpty)
  }

  @Test(arguments: ["/bin/true", "/bin/cat", "/bin/sh"])
  func `An executable without jobs is told as one`(path: String) throws {
    let place = try Workplace(slots: 1)
    let result = try map(place, "x", [], ["one"], executable: path)
    #expect(result.end.hasDied)
    #expect(result.end.failure?.message.contains("before it could take a task") == true)
    #expect(result.end.failure?.advice?.contains("CommandLineTool") == true)
  }

  @Test func `A silent executable is ended`() throws {
    let corpus = try Corpus()
    let script = try corpus.script("silent", ["#!/bin/sh", "sleep 1000"])
    let place = try Workplace(slots: 1) { $0.helloNanoseconds = 300_000_000 }
    let result = try map(place, "x", [], ["one"], executable: script)
    #expect(result.end.failure?.message.contains("did not say") == true)
  }

  @Test func `An executable of another version is told as one`() throws {
    let corpus = try Corpus()
    // A message of two bytes: hello, version 99.
    let script = try corpus.script(
      "other", ["#!/bin/sh", "printf '\\002\\000\\000\\000\\000\\143' >&3", "cat <&3"])
    let place = try Workplace(slots: 1)
    let result = try map(place, "x", [], ["one"], executable: script)
    #expect(
      result.end.failure?.message.contains("another version of MapReduce: it speaks version 99")
        == true, "\(String(describing: result.end.failure))")
  }

  @Test func `What is no message ends its sender`() throws {
    let corpus = try Corpus()
    let script = try corpus.script(
      "noise", ["#!/bin/sh", "cat /dev/zero | head -c 100000 >&3", "cat <&3"])
    let place = try Workplace(slots: 1)
    let result = try map(place, "x", [], ["one"], executable: script)
    #expect(result.end.failure?.message.contains("does not speak") == true)
  }

  @Test func `A missing executable is named`() throws {
    let place = try Workplace(slots: 1)
    let result = try map(place, "x", [], ["one"], executable: "/nowhere/at/all")
    #expect(result.end.hasDied)
    #expect(
      result.end.failure?.message.contains(
        "cannot start the executable of the job (/nowhere/at/all)")
        == true)
    #expect(result.end.failure?.message.contains("No such file") == true)
  }

  @Test func `A file that has changed or is gone is named`() throws {
    let corpus = try Corpus()
    let place = try Workplace(slots: 1)
    let job = JobSpec("throws-at", ["-", "numbers.csv"], in: corpus.path)
    for (path, words) in [
      ("numbers.csv", "numbers.csv has changed since the job began"), ("gone", "cannot read gone"),
    ] {
      let file = InputFile(path: path, size: 12, isStream: false)
      let work = ExecutorTask.Work.map(
        BranchID(StageID(0), 0), .files([FileRange(file: file, range: 0..<12)]), samples: [])
      let result = try place.perform(job, Built.faulty, [work])[0]
      #expect(!result.end.hasDied)
      #expect(result.end.failure?.message.contains(words) == true)
    }
  }

  @Test func `Another plan than the cluster's is not worked on`() throws {
    let place = try Workplace(slots: 1)
    let result = try place.perform(
      JobSpec("throws-at", ["-", "x"]), Built.faulty, fingerprint: 1,
      [.list(BranchID(StageID(0), 0))])[0]
    #expect(result.end.failure?.message.contains("the job's plan is another one here") == true)
  }

  @Test func `A job, a directory or an argument that is not there is told`() throws {
    let place = try Workplace(slots: 1)
    let jobs = [
      (JobSpec("nothing", []), "no job is called \"nothing\""),
      (JobSpec("talks", ["x", "y"]), "job talks:"),
      (JobSpec("talks", ["1", "y"], in: "/nowhere"), "cannot enter the directory /nowhere"),
    ]
    for (job, words) in jobs {
      let result = try place.perform(job, Built.faulty, [.plan])[0]
      #expect(!result.end.hasDied)
      #expect(result.end.failure?.message.contains(words) == true, "\(result.end)")
    }
  }
}
