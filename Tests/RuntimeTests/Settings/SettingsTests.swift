// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Testing

@testable import Runtime

@Suite("Settings from all sources")
struct SettingsTests {
  @Test("Where nobody says anything, everything has its default, and all of it is right")
  func defaults() throws {
    let settings = try Settings.read(.of())
    #expect(settings.entries.map(\.key) == SettingTable.keys)
    #expect(settings.entries.allSatisfy { $0.origin == .standard })
    let node = NodeSettings(settings)
    #expect(node.clusterName == "default")
    #expect(node.clusterKey == nil)
    #expect(node.name == "alpha")
    #expect(node.listen == HostPort(host: "127.0.0.1", port: 7071))
    #expect(node.dataListen == HostPort(host: "127.0.0.1", port: 0))
    #expect(node.advertise == nil)
    #expect(node.join.isEmpty)
    #expect(node.socketPath == "/tmp/mapred-1234/alpha.sock")
    #expect(node.host == "b007")
    #expect(node.transport == .auto)
    #expect(node.heartbeatNanoseconds == 100_000_000)
    #expect(node.suspectAfterNanoseconds == 2_000_000_000)
    #expect(node.joinTimeoutNanoseconds == 30_000_000_000)
    #expect([node.coordinators, node.shards, node.replicas] == [3, 0, 2])
    #expect(node.queueMaximum == 4096)
    #expect(node.requestBytesMaximum == 1 << 20)
  }

  @Test("A flag overrides a variable, which overrides a file, of which the later wins")
  func precedence() throws {
    let place = try SettingsPlace()
    let first = try place.write("1.toml", "[layout]\nshards = 1\nreplicas = 11\ncoordinators = 1\n")
    let second = try place.write("2.toml", "layout.shards = 2\nlayout.replicas = 12\n")
    let settings = try Settings.read(
      .of(
        flags: ["layout.shards=5", "layout.shards=4"], environment: ["MAPRED_LAYOUT_SHARDS": "3"],
        files: [first, second]))
    #expect(settings.shown(SettingTable.shards) == "4 from --set layout.shards")
    #expect(settings.shown(SettingTable.replicas) == "12 from \(second):2")
    #expect(settings.shown(SettingTable.coordinators) == "1 from \(first):4")
    #expect(settings.shown(SettingTable.queue) == "4096 from default")
    let variable = try Settings.read(
      .of(environment: ["MAPRED_LAYOUT_SHARDS": "3"], files: [first]))
    #expect(variable.shown(SettingTable.shards) == "3 from MAPRED_LAYOUT_SHARDS")
  }

  @Test("An empty variable says nothing, an empty flag does")
  func emptyText() throws {
    let place = try SettingsPlace()
    let file = try place.write("s.toml", "node.join = [\"localhost:1\", \"127.0.0.1:2\"]\n")
    let from = ["MAPRED_NODE_JOIN": ""]
    #expect(NodeSettings(try .read(.of(environment: from, files: [file]))).join.count == 2)
    #expect(NodeSettings(try .read(.of(flags: ["node.join="], files: [file]))).join.isEmpty)
    #expect(problems(.of(flags: ["node.name="])).map(\.key) == ["node.name"])
  }

  @Test("Every setting can be said in a file, in a variable and in a flag, and means the same")
  func everySource() throws {
    let place = try SettingsPlace()
    let key = try place.write("key", "0123456789abcdef")
    let said: [String: String] = [
      "cluster.name": "lab", "cluster.key-file": key, "node.name": "n1",
      "node.listen": "10.0.0.1:1", "node.data-listen": "10.0.0.1:2",
      "node.advertise": "[fe80::1]:0",
      "node.join": "10.0.0.2:1,n3:1", "node.socket": "/run/s", "node.http": "10.0.0.1:3",
      "node.host": "h",
      "node.transport": "verbs", "membership.heartbeat": "20ms", "membership.suspect-after": "90ms",
      "membership.join-timeout": "1m", "layout.coordinators": "5", "layout.shards": "16",
      "layout.replicas": "3", "service.queue": "1", "service.request-bytes": "64KiB",
      "memory.limit": "64MiB", "memory.scratch": "/scratch", "executor.slots": "3",
      "executor.memory": "1GiB",
      "executor.user": "jobs", "executor.deadline": "2s", "executor.directory": "/run",
      "executor.keep-bytes": "100MiB",
      "results.keep-versions": "4", "results.keep-bytes": "5MiB",
    ]
    #expect(said.count == SettingTable.keys.count)
    var lines: [String] = []
    var environment: [String: String] = [:]
    for key in SettingTable.keys {
      let text = try #require(said[key.name])
      lines.append("\(key.name) = \(try key.kind.value(.plain(text)).toml)")
      environment[key.variable] = text
    }
    let file = try place.write("s.toml", lines.joined(separator: "\n"))
    let ways = [
      SettingsSources.of(files: [file]), .of(environment: environment),
      .of(flags: said.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }),
    ]
    for sources in ways {
      let settings = try Settings.read(sources)
      for entry in settings.entries {
        #expect(entry.value?.description == said[entry.key.name])
        #expect(entry.origin != .standard)
      }
      #expect(settings.clusterKey != nil)
      #expect(NodeSettings(settings).transport == .verbs)
    }
  }

  @Test("Defaults follow from other settings and from the host")
  func derived() throws {
    let node = NodeSettings(
      try .read(
        .of(
          flags: ["node.name=n7", "node.listen=[::1]:9"],
          environment: ["XDG_RUNTIME_DIR": "/run/user/1"])))
    #expect(node.socketPath == "/run/user/1/mapred/n7.sock")
    #expect(node.dataListen == HostPort(host: "::1", port: 0))
    let relative = NodeSettings(try .read(.of(environment: ["XDG_RUNTIME_DIR": "run"])))
    #expect(relative.socketPath == "/tmp/mapred-1234/alpha.sock")
    #expect(relative.scratchDirectory == "/var/tmp")
    let other = NodeSettings(try .read(.of(environment: ["TMPDIR": "/disk"])))
    #expect(other.scratchDirectory == "/disk")
    var sources = SettingsSources.of()
    sources.host.memoryBytes = 10 << 30
    #expect(NodeSettings(try .read(sources)).memoryBytes == 6 << 30)
  }

  @Test("A host without a name and without an identity has to be given both")
  func nameless() {
    var sources = SettingsSources.of()
    sources.host = SettingsSources.Host(name: "", user: 0, bootID: "")
    #expect(problems(sources).map(\.key) == ["node.name", "node.host"])
    sources.host.name = "two words"
    sources.host.bootID = "b"
    #expect(problems(sources).map(\.key) == ["node.name"])
    sources.flags = [SettingsSources.Flag(key: "node.name", value: "n1", name: "--name")]
    #expect(problems(sources).isEmpty)
  }

  @Test("The user's own file is where the user's other settings are")
  func userFile() {
    let file = SettingsSources.userFile
    #expect(file(["HOME": "/home/u"]) == "/home/u/.config/mapred/mapred.toml")
    #expect(file(["HOME": "/"]) == "/.config/mapred/mapred.toml")
    #expect(file(["HOME": "/h", "XDG_CONFIG_HOME": "/x"]) == "/x/mapred/mapred.toml")
    #expect(file(["HOME": "/h", "XDG_CONFIG_HOME": "x"]) == "/h/.config/mapred/mapred.toml")
    #expect(file([:]) == nil)
  }

  @Test("This process reads the system's file, its user's and the named one, in this order")
  func ownSources() {
    let sources = SettingsSources.ofProcess(flags: [], configFile: "/named.toml")
    #expect(sources.files.first?.path == "/etc/mapred/mapred.toml")
    #expect(sources.files.last == SettingsSources.File(path: "/named.toml", isRequired: true))
    #expect(sources.files.dropLast().allSatisfy { !$0.isRequired })
    #expect(sources.environment["PATH"]?.isEmpty == false)
    #expect(!sources.host.name.isEmpty)
    #expect(!sources.host.bootID.isEmpty)
  }
}
