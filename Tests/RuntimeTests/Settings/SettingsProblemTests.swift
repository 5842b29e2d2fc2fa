// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Runtime

@Suite("What is wrong with settings")
struct SettingsProblemTests {
  @Test("All problems are told at once, with file and line, the variable or the flag")
  func together() throws {
    let place = try SettingsPlace()
    let file = try place.write(
      "s.toml",
      """
      [node]
      lsten = "127.0.0.1:1"
      name = 5
      [nod]
      a = 1
      b = 2
      [service]
      queue = 0
      """)
    let found = problems(
      .of(
        flags: ["layout.shard=1"],
        environment: ["MAPRED_NODE_TRANSPORT": "pigeon", "MAPRED_NODE_LISTNE": "x"],
        files: [file]))
    #expect(
      found.map(\.place) == [
        "\(file):2", "\(file):3", "\(file):4", "\(file):8", "MAPRED_NODE_TRANSPORT",
        "MAPRED_NODE_LISTNE", "--set layout.shard",
      ])
    #expect(found[0].advice == "did you mean node.listen?")
    #expect(found[1].message.contains("node.name takes a name, not the integer 5"))
    #expect(found[2].advice == "did you mean [node]?")
    #expect(found[3].advice == "allowed: 1 to 1000000")
    #expect(found[4].message.contains("\"pigeon\""))
    #expect(found[5].advice == "did you mean MAPRED_NODE_LISTEN?")
    #expect(found[6].advice == "did you mean layout.shards?")
    #expect(found.allSatisfy { !$0.advice.isEmpty && !$0.message.isEmpty })
  }

  @Test(
    "A key that does not exist is told with the nearest that does",
    arguments: [
      ("node.lisen", "node.listen"), ("membership.suspect_after", "membership.suspect-after"),
      ("cluster.keyfile", "cluster.key-file"), ("heartbeat", "membership.heartbeat"),
      ("cluster.listen", "node.listen"), ("node.transprot", "node.transport"),
    ])
  func nearest(_ written: String, _ meant: String) throws {
    let place = try SettingsPlace()
    let file = try place.write("s.toml", "\n\(written) = 1\n")
    let found = problems(.of(files: [file]))
    #expect(found.map(\.place) == ["\(file):2"])
    #expect(found.first?.message == "\(written) is no setting")
    #expect(found.first?.advice == "did you mean \(meant)?")
  }

  @Test("A key that is near to none is not guessed; a section is no key, and a key no section")
  func noGuess() throws {
    let place = try SettingsPlace()
    let file = try place.write(
      "s.toml", "quicksilver = 1\nnode = 2\n\"node.name\" = \"x\"\n[membership.heartbeat]\na = 1\n")
    let found = problems(.of(files: [file]))
    #expect(found.count == 4)
    #expect(!found[0].advice.contains("did you mean"))
    #expect(found[1].message == "node is a section, not a setting")
    #expect(found[2].message.contains("is no setting"))
    #expect(found[3].message.contains("takes a duration, not a table"))
  }

  @Test("Variables of other programs do not matter, even if they begin like ours")
  func foreignVariables() {
    let environment = [
      "MAPRED_SERVICE_HOST": "10.0.0.1", "MAPRED_SERVICE_PORT": "7071", "MAPRED_BENCHMARKS": "1",
      "MAPRED_PORT_7071_TCP": "tcp://10.0.0.1:7071", "MAPRED_NODE_PORT": "1",
    ]
    #expect(problems(.of(environment: environment)).isEmpty)
  }

  @Test(
    "A wrong value is told with what is allowed",
    arguments: [
      ("membership.heartbeat=5", "500ms"), ("membership.heartbeat=500us", "1ms to 1m"),
      ("membership.heartbeat=2h", "1ms to 1m"), ("membership.join-timeout=1ms", "100ms to 1h"),
      ("service.request-bytes=1MB", "64MiB"), ("service.request-bytes=2GiB", "1KiB to 2MiB"),
      ("layout.coordinators=0", "1 to 64"), ("layout.coordinators=65", "1 to 64"),
      ("layout.shards=-1", "0 to 64"),
      ("layout.shards=1x", "whole number"), ("layout.shards=99999999999999999999", "0 to 64"),
      ("layout.shards=+1", "whole number"), ("layout.shards=", "whole number"),
      ("node.transport=TCP", "shm, tcp, verbs, mixed, auto"), ("node.listen=7071", "10.0.0.1:7071"),
      ("node.advertise=0.0.0.0:1", "reach"), ("node.join=localhost:0", "port"),
      ("node.join=localhost:1,,localhost:2", "10.0.0.1:7071"), ("node.name=a/b", "1 to 64"),
      ("node.name=.a", "1 to 64"), ("node.name=-a", "1 to 64"), ("node.socket=", "1 to 107"),
      ("node.socket=~/s", "whole path"), ("node.socket=/a\u{7}", "1 to 107"),
    ])
  func values(_ flag: String, _ advice: String) {
    let found = problems(.of(flags: [flag]))
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.key == String(flag.prefix { $0 != "=" }))
    #expect(found.first?.advice.contains(advice) == true, "\(found)")
  }

  @Test("A file has types: numbers are not text, and text is not a number")
  func types() throws {
    let place = try SettingsPlace()
    for line in [
      "layout.shards = \"1\"", "layout.shards = 1.0", "membership.heartbeat = 100",
      "node.name = 1", "node.name = [\"a\"]", "node.join = 7071", "node.join = [7071]",
      "node.transport = true", "service.request-bytes = true", "node.listen = 1979-05-27",
      "node.name = {}", "service.queue = -1",
    ] {
      let file = try place.write("s.toml", line)
      let found = problems(.of(files: [file]))
      #expect(found.map(\.place) == ["\(file):1"], "\(line): \(found)")
    }
    let file = try place.write("s.toml", "service.request-bytes = 2048\nnode.join = \"n:1\"\n")
    let key = try place.write("key", "0123456789abcdef")
    let node = NodeSettings(try .read(.of(flags: ["cluster.key-file=\(key)"], files: [file])))
    #expect(node.requestBytesMaximum == 2048)
    #expect(node.join == [HostPort(host: "n", port: 1)])
  }

  @Test("A path of a socket has at most as many bytes as an address has room for")
  func socketPath() {
    let longest = "/" + String(repeating: "s", count: 106)
    #expect(problems(.of(flags: ["node.socket=\(longest)"])).isEmpty)
    #expect(problems(.of(flags: ["node.socket=\(longest)s"])).map(\.key) == ["node.socket"])
    let deep = ["XDG_RUNTIME_DIR": longest]
    #expect(problems(.of(environment: deep)).map(\.key) == ["node.socket"])
  }

  @Test("Suspicion comes after three heartbeats or more")
  func suspicion() {
    let heartbeat = "membership.heartbeat=100ms"
    #expect(problems(.of(flags: [heartbeat, "membership.suspect-after=300ms"])).isEmpty)
    let found = problems(.of(flags: [heartbeat, "membership.suspect-after=299ms"]))
    #expect(found.map(\.place) == ["--set membership.suspect-after"])
    #expect(found.first?.advice.contains("300ms") == true)
    // Where the other one was chosen, that is where to look.
    let other = problems(.of(flags: ["membership.heartbeat=1s"]))
    #expect(other.map(\.place) == ["--set membership.heartbeat"])
    // A value that is wrong by itself is told once.
    #expect(problems(.of(flags: ["membership.heartbeat=2m"])).count == 1)
  }

  @Test("Who listens everywhere says what to dial")
  func advertise() throws {
    let key = "cluster.key-file=" + (try keyFile())
    let found = problems(.of(flags: ["node.listen=0.0.0.0:7071", key]))
    #expect(found.map(\.key) == ["node.listen"])
    #expect(found.first?.advice.contains("node.advertise") == true)
    let said = "node.advertise=10.0.0.1:7071"
    #expect(problems(.of(flags: ["node.listen=0.0.0.0:7071", said, key])).isEmpty)
  }

  @Test(
    "An address that others reach needs a key",
    arguments: [
      "node.listen=10.0.0.1:7071", "node.data-listen=10.0.0.1:0", "node.advertise=n1:7071",
      "node.join=localhost:1,10.0.0.2:7071", "node.listen=[2001:db8::1]:1",
    ])
  func publicAddress(_ flag: String) throws {
    let found = problems(.of(flags: [flag]))
    #expect(found.map(\.key) == [String(flag.prefix { $0 != "=" })])
    #expect(found.first?.advice.contains("cluster.key-file") == true)
    #expect(problems(.of(flags: [flag, "cluster.key-file=\(try keyFile())"])).isEmpty)
  }

  private let place: SettingsPlace

  init() throws { place = try SettingsPlace() }

  private func keyFile() throws -> String {
    try place.write("key", [UInt8](repeating: 7, count: 16))
  }

  @Test("A key that others may read, of another length, or that is no file, is refused")
  func keys() throws {
    func message(_ path: String) -> String {
      let found = problems(.of(flags: ["cluster.key-file=\(path)"]))
      #expect(found.count == 1)
      return found.first?.message ?? ""
    }
    let good = [UInt8](repeating: 0, count: 16)
    for mode in [0o640, 0o604, 0o620, 0o610] as [mode_t] {
      #expect(message(try place.write("open", good, mode: mode)).contains("mode"))
    }
    #expect(message(try place.write("short", [UInt8](good.dropLast()))).contains("15 bytes"))
    #expect(message(try place.write("long", [UInt8](repeating: 1, count: 4097))).contains("4096"))
    #expect(message("\(place.path)/none").contains("No such file"))
    #expect(message(place.path).contains("is no file"))
    let path = try place.write("fine", good, mode: 0o400)
    let settings = try Settings.read(.of(flags: ["cluster.key-file=\(path)"]))
    #expect(settings.clusterKey.map { "\($0)" } == "a cluster key of 16 bytes")
    // Nobody waits for a pipe that nobody writes to.
    let pipe = "\(place.path)/pipe"
    try #require(unsafe mkfifo(pipe, 0o600) == 0)
    #expect(message(pipe).contains("is no file"))
  }

  @Test("A file that is malformed, missing or too large is told")
  func files() throws {
    let malformed = try place.write("m.toml", "[node]\nname = \n")
    #expect(problems(.of(files: [malformed])).map(\.place) == ["\(malformed):2:8"])
    let missing = "\(place.path)/none.toml"
    #expect(problems(.of(files: [missing])).map(\.place) == [missing])
    var optional = SettingsSources.of()
    optional.files = [SettingsSources.File(path: missing, isRequired: false)]
    #expect(problems(optional).isEmpty)
    let large = try place.write("l.toml", String(repeating: "#", count: (64 << 10) + 1))
    #expect(problems(.of(files: [large])).first?.message.contains("64KiB") == true)
    let exact = try place.write("e.toml", String(repeating: "#", count: 64 << 10))
    #expect(problems(.of(files: [exact])).isEmpty)
    #expect(problems(.of(files: [place.path])).first?.message.contains("directory") == true)
  }
}
