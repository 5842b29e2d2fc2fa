// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Wrong names and options")
struct UsageTests {
  @Test(
    "An unknown job: the nearest name is suggested",
    arguments: [
      ("wordcout", "wordcount"), ("teragn", "teragen"), ("gerp", "grep"), ("histgram", "histogram"),
      ("inverted_index", "inverted-index"),
    ])
  func unknownJob(_ written: String, _ meant: String) async throws {
    let scratch = try Scratch()
    for verb in ["run", "preview", "explain"] {
      let outcome = try await scratch.mapred(verb, written, "in.txt")
      expectFailure(outcome, 66, naming: "\"\(written)\"", "did you mean \(meant)?")
    }
    #expect(try scratch.names().isEmpty)
  }

  @Test("An unknown job that is near to none: all jobs are named")
  func strangeJob() async throws {
    let outcome = try await Scratch().mapred("run", "quicksilver", "in.txt", "-o", "out")
    expectFailure(outcome, 66, naming: "\"quicksilver\"", "wordcount", "teravalidate")
    #expect(!outcome.words.contains("did you mean"))
  }

  @Test(
    "What cannot be understood ends with 64 and names it, and nothing is written",
    arguments: [
      (["nonsense"], "nonsense"),
      (["run", "wordcount"], "input"),
      (["run", "wordcount", "in.txt", "--bogus"], "--bogus"),
      (["run", "wordcount", "in.txt", "--threads", "0"], "--threads"),
      (["run", "wordcount", "in.txt", "--threads", "1025"], "--threads"),
      (["run", "wordcount", "in.txt", "--threads", "two"], "two"),
      (["run", "wordcount", "in.txt", "--limit=-1"], "--limit"),
      (["run", "wordcount", "in.txt", "--format", "xml"], "xml"),
      (["run", "wordcount", "in.txt", "--min-length", "x"], "--min-length"),
      (["run", "wordcount", "in.txt", "-o"], "-o"),
      (["run", "grep", "", "in.txt"], "text"),
      (["run", "histogram", "in.txt", "--field", "0"], "field"),
      (["run", "histogram", "in.txt", "--width", "0"], "width"),
      (["run", "histogram", "in.txt", "--width", "nan"], "width"),
      (["run", "histogram", "in.txt", "--separator", "::"], "separator"),
      (["run", "teragen", "many"], "many"),
      (["run", "teragen", "--", "-1"], "negative"),
      (["run", "wordcount", "in.txt", "--verify", "--on", "local"], "--verify"),
      (["run", "wordcount", "-", "--verify"], "standard input"),
      (["preview", "wordcount"], "input"),
      (["preview", "wordcount", "in.txt", "--limit=-1"], "--limit"),
      (["preview", "wordcount", "in.txt", "-o", "out"], "-o"),
      (["explain", "wordcount"], "input"),
      (["get"], "directory"),
      (["get", "out", "--key", "a", "--prefix", "b"], "--prefix"),
      (["get", "out", "--limit=-1"], "--limit"),
      (["list", "--bogus"], "--bogus"),
      (["version", "more"], "more"),
      (["config", "show", "--set", "layout.shards"], "--set"),
      (["config", "init", "-", "--json"], "--json"),
    ])
  func wrong(_ arguments: [String], _ name: String) async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", "a\n")
    var arguments = arguments
    if arguments.first == "run", arguments.last != "-o", !arguments.contains("--") {
      arguments += ["-o", "out"]
    }
    let outcome = try await scratch.start(arguments).outcome()
    expectFailure(outcome, 64, naming: name)
    #expect(try scratch.names() == ["in.txt"])
  }
}
