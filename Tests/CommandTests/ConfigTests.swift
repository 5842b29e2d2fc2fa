// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("mapred config: settings of a node")
struct ConfigTests {
  /// Runs with a user's directory of its own, so that only the test's files are read.
  private func config(
    _ scratch: Scratch, _ arguments: String..., environment: [String: String] = [:]
  ) async throws -> Outcome {
    try await scratch.start(
      ["config"] + arguments,
      environment: ["XDG_CONFIG_HOME": "\(scratch.path)/home"].merging(environment) { $1 }
    ).outcome()
  }

  @Test("show tells every setting, its value and where that comes from")
  func show() async throws {
    let scratch = try Scratch()
    try scratch.makeDirectory("home/mapred")
    try scratch.write("home/mapred/mapred.toml", "[layout]\nshards = 7\nreplicas = 1\n")
    try scratch.write("more.toml", "layout.replicas = 3\n")
    let outcome = try await config(
      scratch, "show", "--config", "more.toml", "--listen", "127.0.0.1:1", "--set",
      "service.queue=9", "--join", "localhost:1", "--join", "localhost:2",
      environment: ["MAPRED_CLUSTER_NAME": "lab"])
    expectSuccess(outcome)
    let rows = outcome.lines.map { $0.split(separator: " ").map(String.init) }
    for row in [
      ["cluster.name", "lab", "MAPRED_CLUSTER_NAME"], ["cluster.key-file", "-", "default"],
      ["node.listen", "127.0.0.1:1", "--listen"],
      ["node.join", "localhost:1,localhost:2", "--join"],
      ["layout.shards", "7", "\(scratch.path)/home/mapred/mapred.toml:2"],
      ["layout.replicas", "3", "more.toml:1"], ["membership.heartbeat", "100ms", "default"],
    ] { #expect(rows.contains(row), "\(row) is missing in\n\(outcome.text)") }
    #expect(rows.contains(["service.queue", "9", "--set", "service.queue"]))
  }

  @Test("show --json prints one setting a line")
  func showJSON() async throws {
    let scratch = try Scratch()
    try scratch.write("s.toml", "\n[node]\njoin = [\"localhost:1\"]\n")
    let outcome = try await config(
      scratch, "show", "--json", environment: ["MAPRED_CONFIG": "s.toml", "MAPRED_NODE_NAME": "n1"])
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.allSatisfy { $0["type"] as? String == "setting" })
    func setting(_ key: String) throws -> JSON.Object {
      try #require(documents.first { $0["key"] as? String == key })
    }
    let join = try setting("node.join")
    #expect((join["value"] as? [any Sendable])?.count == 1)
    #expect(join["origin"] as? String == "file")
    #expect(join["path"] as? String == "s.toml")
    #expect(join["line"] as? Double == 3)
    let name = try setting("node.name")
    #expect(name["value"] as? String == "n1")
    #expect(name["origin"] as? String == "variable")
    #expect(name["name"] as? String == "MAPRED_NODE_NAME")
    #expect(try setting("layout.replicas")["value"] as? Double == 2)
    #expect(try setting("layout.replicas")["origin"] as? String == "default")
    #expect(outcome.text.contains("\"key\":\"node.advertise\",\"value\":null"))
  }

  @Test("check tells all that is wrong at once, and ends with 78")
  func check() async throws {
    let scratch = try Scratch()
    try scratch.write("s.toml", "[node]\nlsten = \"x\"\nname = 1\n")
    let outcome = try await config(
      scratch, "check", "--config", "s.toml", "--set", "layout.replicas=0", "--listen",
      "10.0.0.1:1")
    expectFailure(
      outcome, 78, naming: "4 settings are wrong", "s.toml:2", "did you mean node.listen?",
      "s.toml:3", "--set layout.replicas", "--listen: node.listen", "cluster.key-file")
    let one = try await config(scratch, "check", "--listen", "7071")
    expectFailure(one, 78, naming: "error: --listen: node.listen takes an address")
    let missing = try await config(scratch, "show", "--config", "none.toml")
    expectFailure(missing, 78, naming: "none.toml", "no such file")
    let fine = try await config(scratch, "check")
    expectSuccess(fine)
    #expect(fine.data.isEmpty)
  }

  @Test("check --json prints each problem, then the error")
  func checkJSON() async throws {
    let scratch = try Scratch()
    let outcome = try await config(
      scratch, "check", "--json", "--set", "layout.replicas=0", "--set", "foo.bar=1")
    #expect(outcome.code == 78)
    let documents = try outcome.objects()
    #expect(documents.map { $0["type"] as? String } == ["problem", "problem", "error"])
    #expect(documents[0]["key"] as? String == "layout.replicas")
    #expect(documents[0]["place"] as? String == "--set layout.replicas")
    #expect(documents[1]["advice"] as? String != nil)
    #expect(documents[2]["code"] as? String == "bad_configuration")
    #expect(documents[2]["exit"] as? Double == 78)
    let fine = try await config(scratch, "check", "--json")
    expectSuccess(fine)
    #expect(fine.text == "{\"type\":\"config\",\"valid\":true}\n")
  }

  @Test("A key that others may read stops a node before it starts")
  func openKey() async throws {
    let scratch = try Scratch()
    try scratch.write("key", "0123456789abcdef")
    _ = try await scratch.shell("chmod 644 key")
    let open = try await config(scratch, "check", "--key-file", "key")
    expectFailure(open, 78, naming: "--key-file", "mode 644", "chmod 600")
    _ = try await scratch.shell("chmod 600 key")
    let closed = try await config(scratch, "check", "--key-file", "key", "--listen", "10.0.0.1:1")
    expectSuccess(closed)
    let shown = try await config(scratch, "show", "--key-file", "key")
    #expect(!shown.text.contains("0123456789abcdef"))
  }

  @Test("init writes a file that check accepts, and never replaces one")
  func initial() async throws {
    let scratch = try Scratch()
    let made = try await config(scratch, "init", "--json")
    expectSuccess(made)
    let path = "\(scratch.path)/home/mapred/mapred.toml"
    #expect(try made.objects().first?["path"] as? String == path)
    let printed = try await config(scratch, "init", "-")
    expectSuccess(printed)
    #expect(try scratch.read("home/mapred/mapred.toml") == printed.data)
    #expect(printed.text.contains("\n[node]\n"))
    expectSuccess(try await config(scratch, "check"))
    try scratch.write("mine.toml", "# mine\n")
    let again = try await config(scratch, "init", "mine.toml")
    expectFailure(again, 73, naming: "mine.toml", "nothing was changed")
    #expect(try scratch.read("mine.toml") == Data("# mine\n".utf8))
    let homeless = try await config(
      scratch, "init", environment: ["XDG_CONFIG_HOME": "", "HOME": ""])
    expectFailure(homeless, 73, naming: "HOME")
  }

  @Test("Every flag of a setting is one of the command's")
  func flags() async throws {
    let help = try await Scratch().mapred("config", "show", "--help").text
    for flag in ["name", "listen", "join", "socket", "cluster", "key-file", "transport", "set"] {
      #expect(help.contains("--\(flag) <"), "--\(flag)")
    }
  }
}
