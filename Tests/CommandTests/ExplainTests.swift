// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Explaining plans")
struct ExplainTests {
  @Test("The plan for people names stages, operators with their places, shuffles and results")
  func text() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("explain", "grep", "a", "in.txt")
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    for part in [
      "job grep   plan ", "stage 1   reads lines of in.txt", "Grep.swift:", "filter", "reduce",
      "shuffled", "result lines = stage", "result count = stage",
    ] {
      #expect(outcome.text.contains(part), "\(part) is missing in \(outcome.text)")
    }
    // Nothing was read: there is no input.
    #expect(try scratch.names().isEmpty)
  }

  @Test("Equal plans have equal fingerprints, other parameters another one")
  func fingerprints() async throws {
    let scratch = try Scratch()
    func fingerprint(_ input: String) async throws -> String {
      let outcome = try await scratch.mapred("explain", "wordcount", input, "--json")
      return try #require(try outcome.objects().first?["fingerprint"] as? String)
    }
    let first = try await fingerprint("a.txt")
    #expect(try await fingerprint("a.txt") == first)
    #expect(try await fingerprint("b.txt") != first)
    try scratch.write("a.txt", "a\n")
    let run = try await scratch.mapred("run", "wordcount", "a.txt", "--json").objects()
    #expect(run.last?["plan"] as? String == first)
  }

  @Test(
    "The graph is Graphviz's language: every edge joins nodes that are declared",
    arguments: [
      ["wordcount", "in.txt"], ["histogram", "a \"quoted\" name"], ["grep", "a", "ends in \\"],
      ["teragen", "5"], ["terasort", "-"], ["teravalidate", "new\nline"],
    ])
  func graph(_ arguments: [String]) async throws {
    let outcome = try await Scratch().start(["explain"] + arguments + ["--dot"]).outcome()
    expectSuccess(outcome)
    let graph = try #require(Graph(outcome.text), "\(outcome.text)")
    #expect(graph.name == arguments[0])
    #expect(!graph.edges.isEmpty)
    for (from, to) in graph.edges {
      #expect(graph.nodes.contains(from))
      #expect(graph.nodes.contains(to))
    }
    for node in graph.nodes {
      #expect(graph.edges.contains { $0.0 == node || $0.1 == node }, "\(node) stands alone")
    }
  }

  @Test("--json and --dot exclude each other")
  func exclusive() async throws {
    let outcome = try await Scratch().mapred("explain", "wordcount", "a", "--json", "--dot")
    expectFailure(outcome, 64, naming: "--json", "--dot")
  }

  @Test("The check of graphs finds what is wrong")
  func badGraphs() {
    #expect(Graph("digraph \"a\" {\n s0 [label=\"x\"];\n s0 -> s1;\n}")?.nodes == ["s0"])
    #expect(Graph("digraph \"a\" {\n s0 [label=\"x\"\n}") == nil)
    #expect(Graph("digraph \"a\" {\n s0 [label=\"a\"b\"];\n}") == nil)
    #expect(Graph("graph \"a\" {\n}") == nil)
    #expect(Graph("digraph \"a\" {\n s0 [label=\"x\"];") == nil)
  }
}

/// A small reader of the part of Graphviz's language that plans are written in.
private struct Graph {
  var name = ""
  var nodes: [String] = []
  var edges: [(String, String)] = []

  init?(_ text: String) {
    guard let tokens = Self.tokens(text), tokens.count > 3, tokens[0] == "digraph",
      tokens[1].hasPrefix("\""), tokens[2] == "{", tokens.last == "}"
    else { return nil }
    name = String(tokens[1].dropFirst().dropLast())
    for statement in tokens[3..<(tokens.count - 1)].split(separator: ";") {
      let words = Array(statement)
      switch words.count {
      case 3 where words[1] == "->": edges.append((words[0], words[2]))
      case 3 where words[1] == "=": continue
      default:
        guard words.count >= 3, words[1] == "[", words.last == "]", Self.isList(words[2...])
        else { return nil }
        if words[0] != "node" { nodes.append(words[0]) }
      }
    }
    guard tokens[tokens.count - 2] == ";" else { return nil }
  }

  /// Whether these are `name=value` with commas between them, up to the last bracket.
  private static func isList(_ words: ArraySlice<String>) -> Bool {
    words.dropLast().split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
      $0.count == 3 && $0.dropFirst().first == "="
    }
  }

  /// Words, quoted strings and punctuation; nil where a string does not end.
  private static func tokens(_ text: String) -> [String]? {
    var tokens: [String] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first.isWhitespace {
        rest.removeFirst()
      } else if first == "\"" {
        guard let string = string(&rest) else { return nil }
        tokens.append(string)
      } else if rest.hasPrefix("->") {
        tokens.append("->")
        rest.removeFirst(2)
      } else if first.isLetter || first.isNumber {
        let word = rest.prefix { $0.isLetter || $0.isNumber }
        tokens.append(String(word))
        rest.removeFirst(word.count)
      } else {
        tokens.append(String(first))
        rest.removeFirst()
      }
    }
    return tokens
  }

  private static func string(_ rest: inout Substring) -> String? {
    var string = "\""
    rest.removeFirst()
    while let character = rest.popFirst() {
      string.append(character)
      if character == "\"" { return string }
      if character == "\\", let next = rest.popFirst() { string.append(next) }
    }
    return nil
  }
}
