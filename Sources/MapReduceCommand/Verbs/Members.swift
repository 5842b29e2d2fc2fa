// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Engine
import MapReduce
import Runtime

/// Which node a command asks.
struct NodeOptions: ParsableArguments {
  @OptionGroup(title: "Settings") var settings: SettingsOptions
  @Option(help: "Wait so many seconds for an answer.") var timeout = 10

  func validate() throws {
    guard (0...86_400).contains(timeout) else {
      throw ValidationError("--timeout takes 0 to 86400 seconds, not \(timeout)")
    }
  }

  var milliseconds: Int { timeout * 1000 }

  func client(key: String? = nil) throws -> NodeClient {
    let path = try socketPath()
    do { return try NodeClient(path, key: key) } catch { throw JobError(error) }
  }

  /// The socket that was named, by itself or by its node's name; else the first of this user's
  /// whose node answers.
  func socketPath() throws(JobError) -> String {
    let settings = try settings.settings()
    let keys = [SettingTable.nodeSocket, SettingTable.nodeName]
    let isNamed = settings.entries.contains { entry in
      entry.origin != .standard && keys.contains { $0.name == entry.key.name }
    }
    if isNamed { return NodeSettings(settings).socketPath }
    let sockets = LocalSockets()
    if let found = sockets.answering { return found }
    throw JobError(
      .unavailable, "no node answers at any socket in \(sockets.base)",
      advice: "`\(toolName) up -d` starts a cluster; --socket names the socket of a node")
  }

  func status() throws -> NodeStatus {
    let client = try client()
    do { return try client.status(milliseconds: milliseconds) } catch { throw JobError(error) }
  }
}

/// `mapred members`.
struct Members: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists the members of the cluster, as a node of this host sees them.")

  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one member a line.") var json = false

  func run() throws {
    let status = try node.status()
    for (rank, peer) in status.peers.enumerated() {
      if json {
        try Terminal.print(StatusDocument.member(rank, of: status).line)
      } else {
        let state = peer.isSuspected ? "suspected" : "member"
        let roles = peer.roles.isEmpty ? "-" : peer.roles.joined(separator: ",")
        try Terminal.print("\(rank)\t\(peer.name)\t\(state)\t\(peer.address)\t\(roles)")
      }
    }
    if !json, let waits = status.waits { Terminal.say("\(status.name) \(waits)") }
  }
}

/// `mapred inspect view`.
struct InspectView: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Shows a node's view: what it holds, and what it waits for.")

  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let status = try node.status()
    if json { return try Terminal.print(StatusDocument.view(status).line) }
    try Terminal.print("node      \(status.name) (\(status.id))")
    try Terminal.print("cluster   \(status.cluster.isEmpty ? "none yet" : status.cluster)")
    let names = status.peers.map(\.name).joined(separator: ", ")
    try Terminal.print("view      \(status.view): \(names)")
    try Terminal.print("fabric    \(status.isFormed ? "stands" : "does not stand")")
    for held in status.held {
      try Terminal.print(
        "holds     \(held.role) at version \(held.version ?? "unknown yet"): \(held.applied) "
          + "applied, \(held.waiting) waiting, \(held.underWay) under way")
    }
    if let inadequacy = status.inadequacy { try Terminal.print("lacks     \(inadequacy)") }
    try Terminal.print("waits     \(status.waits ?? "for nothing")")
  }
}
