// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Running jobs twice, to see whether that makes a difference")
struct VerifyTests {
  private static let advice = "a clock, a random number, or the order of a dictionary or set"

  @Test("A job that is as it should be shows its result once, and says so", arguments: ["1", "3"])
  func agrees(threads: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", String(repeating: "b a\na c\n", count: 50_000))
    for job in ["wordcount", "terasort"] {
      let options = ["in.txt", "--threads", threads, "--limit", "2"]
      let plain = try await scratch.start(["run", job] + options).outcome()
      let verified = try await scratch.start(["run", job] + options + ["--verify"]).outcome()
      expectSuccess(verified)
      #expect(verified.data == plain.data)
      #expect(verified.words.contains("once more, on 2 threads"))
      #expect(verified.words.contains("verified: two runs came to the same"))
    }
    let json = try await scratch.mapred("run", "wordcount", "in.txt", "--verify", "--json")
    #expect(try json.objects().last?["verified"] as? Bool != false)
    #expect(json.text.contains("\"verified\":true"))
  }

  @Test(
    "A job that is not deterministic fails with the first difference, and saves nothing",
    arguments: [
      ("chance", ["in result sums, at the key 7: ", " in the first, ", " in the second"]),
      ("order", ["in result sums, at the key 7: "]),
      ("presence", ["in result sums, at the key ", "nothing"]),
      ("counter", ["in counter counted: "]),
      ("plan", ["its plan is another one each time"]),
    ])
  func differs(_ manner: String, _ words: [String]) async throws {
    let scratch = try Scratch()
    for threads in ["1", "2"] {
      let outcome = try await scratch.faultyJobs(
        "run", "strays", manner, "--verify", "-o", "out", "--threads", threads)
      if threads == "2" { #expect(outcome.words.contains("once more, on 1 thread\n")) }
      expectFailure(outcome, 1, naming: "job strays failed", Self.advice)
      for word in words { #expect(outcome.words.contains(word), "\(outcome.words)") }
      if words[0].contains("result") { #expect(outcome.words.contains("Strays.swift:")) }
    }
    #expect(try scratch.names().isEmpty)
  }

  @Test("Both values are those of the runs")
  func values() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.faultyJobs("run", "strays", "chance", "--verify", "--json")
    #expect(outcome.code == 1)
    let message = try #require(try outcome.objects().last?["message"] as? String)
    let numbers = message.split { !$0.isNumber }.compactMap { Int($0) }
    // The key, and two sums of a thousand numbers each.
    #expect(numbers.count == 3 && numbers[0] == 7)
    #expect(numbers.dropFirst().allSatisfy { $0 > 1_000_000 } && numbers[1] != numbers[2])
  }

  @Test("Nothing is wrong with a job that never strays, and -o saves it")
  func saved() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.faultyJobs("run", "strays", "never", "--verify", "-o", "out")
    expectSuccess(outcome)
    #expect(try scratch.names(in: "out") == ["sums"])
  }

  @Test("What can be read once cannot be verified")
  func streams() async throws {
    let scratch = try Scratch()
    try scratch.makePipe("pipe")
    let outcome = try await scratch.mapred("run", "wordcount", "pipe", "--verify")
    expectFailure(outcome, 64, naming: "pipe", "--verify")
  }
}
