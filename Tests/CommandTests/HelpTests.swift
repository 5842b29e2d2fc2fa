// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Help, versions and completion")
struct HelpTests {
  private static let verbs = [
    "run", "preview", "explain", "list", "get", "inspect", "config", "version",
  ]
  private static let jobs = [
    "wordcount", "top-words", "frequencies", "grep", "inverted-index", "histogram", "teragen",
    "terasort", "teravalidate", "sessions", "logstats", "distinct-count",
    "revenue", "pagerank", "kmeans", "triangle-count", "ngrams",
  ]

  @Test("The command's help goes to standard output and names all verbs and exit codes")
  func help() async throws {
    let outcome = try await Scratch().mapred("--help")
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    for verb in Self.verbs { #expect(outcome.text.contains("\n  \(verb) ")) }
    for code in ["0", "1", "64", "65", "66", "73", "78", "130"] {
      #expect(outcome.text.split { $0.isWhitespace }.contains(code[...]))
    }
  }

  @Test("Every verb has help", arguments: Self.verbs)
  func verbHelp(_ verb: String) async throws {
    let outcome = try await Scratch().mapred(verb, "--help")
    expectSuccess(outcome)
    #expect(outcome.text.contains("USAGE: mapred \(verb)"))
  }

  @Test("run and get have the options of saving as text", arguments: ["run wordcount", "get"])
  func saving(_ words: String) async throws {
    let arguments = words.split(separator: " ").map(String.init) + ["--help"]
    let outcome = try await Scratch().start(arguments).outcome()
    expectSuccess(outcome)
    for option in ["-o, --output", "--format", "--compress", "--files", "--file-size"] {
      #expect(outcome.text.contains(option))
    }
  }

  @Test("What runs in this process or plans for it can be told where results are")
  func results() async throws {
    let scratch = try Scratch()
    for verb in ["run", "preview", "explain"] {
      let outcome = try await scratch.mapred(verb, "top-words", "--help")
      expectSuccess(outcome)
      #expect(outcome.text.contains("--results <dir>"))
    }
  }

  @Test("run and get have the options of memory", arguments: [["run", "wordcount"], ["get"]])
  func memory(_ verb: [String]) async throws {
    let outcome = try await Scratch().start(verb + ["--help"]).outcome()
    let text = outcome.text.split { $0.isWhitespace }.joined(separator: " ")
    for words in ["--memory <size>", "--scratch <dir>", "60 % of what this process may have"] {
      #expect(text.contains(words))
    }
    #expect(text.contains("which share --memory with this process") == (verb != ["get"]))
  }

  @Test("Every job has help under run, preview and explain", arguments: Self.jobs)
  func jobHelp(_ job: String) async throws {
    let scratch = try Scratch()
    for verb in ["run", "preview", "explain"] {
      let outcome = try await scratch.mapred(verb, job, "--help")
      expectSuccess(outcome)
      #expect(outcome.text.contains("USAGE: mapred \(verb) \(job)"))
      #expect(outcome.text.contains("--json"))
      let inner = try await scratch.mapred("help", verb, job)
      #expect(inner.text == outcome.text)
    }
  }

  @Test("list shows every job with a sentence")
  func list() async throws {
    let outcome = try await Scratch().mapred("list")
    expectSuccess(outcome)
    #expect(outcome.lines.map { $0.prefix { $0 != " " } } == Self.jobs.map { $0[...] })
    #expect(outcome.lines.allSatisfy { $0.hasSuffix(".") })
  }

  @Test("--version and version agree")
  func version() async throws {
    let scratch = try Scratch()
    let short = try await scratch.mapred("--version")
    let long = try await scratch.mapred("version")
    expectSuccess(short)
    expectSuccess(long)
    #expect(short.lines.count == 1)
    #expect(short.lines.first == long.lines.first)
    #expect(short.text.hasPrefix("mapred "))
    for format in ["gzip", "zstd", "lz4"] { #expect(long.text.contains("\n\(format) ")) }
  }

  @Test("Completion scripts name verbs and jobs", arguments: ["bash", "zsh", "fish"])
  func completion(_ shell: String) async throws {
    let outcome = try await Scratch().mapred("--generate-completion-script", shell)
    expectSuccess(outcome)
    for word in Self.verbs + Self.jobs { #expect(outcome.text.contains(word)) }
  }

  @Test("bash accepts its completion script")
  func completionParses() async throws {
    let outcome = try await Scratch().shell(
      "\"$mapred\" --generate-completion-script bash > script && bash -n script && echo fine")
    #expect(outcome.text == "fine\n", "\(outcome.words)")
  }

  @Test("--experimental-dump-help is one JSON document with all verbs")
  func dumpHelp() async throws {
    let outcome = try await Scratch().mapred("--experimental-dump-help")
    expectSuccess(outcome)
    let document = try #require(JSON.parse(outcome.text) as? JSON.Object)
    let command = try #require(document["command"] as? JSON.Object)
    #expect(command["commandName"] as? String == "mapred")
    let verbs = try #require(command["subcommands"] as? [any Sendable])
    let names = verbs.compactMap { ($0 as? JSON.Object)?["commandName"] as? String }
    for verb in Self.verbs { #expect(names.contains(verb)) }
  }
}
