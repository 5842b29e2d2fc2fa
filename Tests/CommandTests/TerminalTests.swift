// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Colours and moving lines")
struct TerminalTests {
  private static let escape = "\u{1B}"

  /// Runs `mapred` on a terminal; returns what the terminal was sent.
  private static func onTerminal(
    _ arguments: String, _ environment: [String: String]
  ) async throws -> String {
    let outcome = try await Scratch().start(
      ["-qec", "\"$mapred\" \(arguments)", "/dev/null"], executable: "/usr/bin/script",
      environment: environment.merging(["mapred": Scratch.mapred]) { $1 }
    ).outcome()
    return outcome.text
  }

  @Test(
    "Errors are coloured on a terminal that can do it, unless NO_COLOR is set",
    arguments: [
      (["TERM": "xterm-256color"], true), (["TERM": "xterm", "NO_COLOR": ""], true),
      (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "dumb"], false),
    ])
  func colours(_ environment: [String: String], _ isColoured: Bool) async throws {
    let sent = try await Self.onTerminal("run wordcount missing.txt", environment)
    #expect(sent.contains("cannot read missing.txt"))
    #expect(sent.contains(Self.escape) == isColoured, "\(sent.debugDescription)")
  }

  @Test("Without a terminal there are no control characters")
  func plain() async throws {
    let scratch = try Scratch()
    try scratch.write("in.txt", String(repeating: "some words\n", count: 100_000))
    let failure = try await scratch.mapred("run", "wordcount", "missing.txt")
    let success = try await scratch.mapred("run", "wordcount", "in.txt")
    for outcome in [failure, success] {
      #expect(!outcome.words.isEmpty)
      #expect(!outcome.words.contains(Self.escape))
      #expect(!outcome.words.contains("\r"))
      #expect(!outcome.text.contains(Self.escape))
    }
  }
}
