// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Glibc
import Testing

/// Nodes as processes, with a directory of their own. `with` ends all of them.
final class Cluster: @unchecked Sendable {
  // Safe because only the test's own task starts and ends nodes.
  let directory: String
  let arguments: [String]
  /// All that were started, also those that have ended.
  private(set) var nodes: [NodeHandle] = []
  private var addresses: [String: String] = [:]

  /// Silence is noticed soon, but not as soon as a busy machine makes it.
  static var watchful: [String] { watchful(after: suspicion) }

  static func watchful(after milliseconds: Int) -> [String] {
    [
      "--set", "membership.heartbeat=20ms",
      "--set", "membership.suspect-after=\(milliseconds)ms",
    ]
  }

  /// How many milliseconds such nodes wait for each other: longer on a machine that has more to do
  /// than its processors can, where who lives may be silent for a while.
  static var suspicion: Int {
    let told = FileManager.default.contents(atPath: "/proc/loadavg") ?? Data()
    let load = String(decoding: told.prefix { $0 != 0x20 }, as: UTF8.self)
    let share = (Double(load) ?? 0) / Double(ProcessInfo.processInfo.activeProcessorCount)
    return Int(600 * min(max(share, 1), 2.5))
  }

  private init(_ arguments: [String]) throws {
    self.arguments = arguments
    // Short, because paths of sockets have little room.
    directory = "/tmp/mapred-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o700])
  }

  /// Makes a place for nodes that get these arguments; ends them when `body` is done or fails.
  static func with(
    _ arguments: [String] = watchful, _ body: (Cluster) async throws -> Void
  ) async throws {
    let cluster = try Cluster(arguments)
    defer { cluster.end() }
    do {
      try await body(cluster)
    } catch {
      // What the nodes said is what helps.
      for node in cluster.nodes { print("\(node.name):\n\(node.words.suffix(2000))") }
      throw error
    }
  }

  /// The same with a cluster of `count` nodes, n1 the first.
  static func founded(
    _ count: Int, over transport: String, _ body: (Cluster) async throws -> Void
  ) async throws {
    try await with(watchful + ["--transport", transport]) { cluster in
      for number in 1...count { try await cluster.join("n\(number)") }
      try await cluster.agree()
      try await body(cluster)
    }
  }

  private func end() {
    for node in nodes { node.end() }
    try? FileManager.default.removeItem(atPath: directory)
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }
  func socket(_ name: String) -> String { path("\(name).sock") }

  /// Starts a process that may not become a member.
  @discardableResult
  func start(
    _ name: String, socket: String? = nil, prefix: [String] = [], _ more: [String]
  ) throws -> NodeHandle {
    let node = try NodeHandle(
      name, socket: socket ?? self.socket(name), words: path("\(nodes.count).log"),
      prefix: prefix, arguments + more)
    nodes.append(node)
    return node
  }

  /// Starts a node that founds the cluster or joins it, and waits until it is a member.
  func join(
    _ name: String, prefix: [String] = [], listen: String = "127.0.0.1:0", more: [String] = []
  ) async throws {
    let seeds = running.compactMap { addresses[$0.name] }.flatMap { ["--join", $0] }
    let node = try start(name, prefix: prefix, ["--listen", listen] + seeds + more)
    addresses[name] = try await node.address()
    try await wait(for: names, at: [name])
  }

  var running: [NodeHandle] { nodes.filter(\.isRunning) }
  /// The names of those that run, in order.
  var names: [String] { running.map(\.name).sorted() }
  var sockets: [String] { names.map(socket) }

  /// The one of this name that runs, or else the one that was started last.
  func node(_ name: String) throws -> NodeHandle {
    let named = nodes.filter { $0.name == name }
    return try #require(named.last(where: \.isRunning) ?? named.last)
  }

  func address(_ name: String) throws -> String { try #require(addresses[name]) }

  /// Waits until nodes see exactly these members, and wait for nothing.
  func wait(for members: [String], at places: [String]) async throws {
    for place in places {
      let node = try node(place)
      try await Waiting.until("\(place) sees \(members)") { () throws -> Void? in
        guard let status = node.status else {
          guard node.isRunning else { throw Waiting.Failure("\(place) ended: \(node.words)") }
          return nil
        }
        let isSo = status.peers.map(\.name).sorted() == members && status.waits == nil
        return isSo ? () : nil
      }
    }
  }

  /// Waits until all that run see each other and nobody else.
  func agree() async throws { try await wait(for: names, at: names) }
}
