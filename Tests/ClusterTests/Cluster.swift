// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Runtime
import Testing

/// Nodes as processes, in a directory of their own; all of them end with this object.
final class Cluster: @unchecked Sendable {
  // Safe because only the test's own thread starts and ends nodes.
  struct Member {
    let name: String
    let process: Process
    let port: Int
  }

  private let directory: URL
  private let transport: String
  private(set) var members: [Member] = []

  private static var executable: URL {
    Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("mapred")
      ?? URL(fileURLWithPath: ".build/debug/mapred")
  }

  init(transport: String) throws {
    self.transport = transport
    // Short, because paths of sockets have little room.
    directory = URL(fileURLWithPath: "/tmp/mapred-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(
      at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    for member in members where member.process.isRunning {
      kill(member.process.processIdentifier, SIGCONT)
      kill(member.process.processIdentifier, SIGKILL)
      member.process.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: directory)
  }

  func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

  /// Starts a node; the first one founds the cluster.
  func start(_ name: String) throws {
    let port = Int.random(in: 20_000...29_999)
    let process = Process()
    process.executableURL = Self.executable
    process.arguments =
      [
        "node", "--name", name, "--listen", "127.0.0.1:\(port)", "--socket", path(name),
        "--transport", transport, "--quiet", "--set", "membership.heartbeat=20ms", "--set",
        "membership.suspect-after=600ms",
      ] + running.flatMap { ["--join", "127.0.0.1:\($0.port)"] }
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    members.append(Member(name: name, process: process, port: port))
  }

  var running: [Member] { members.filter(\.process.isRunning) }
  var paths: [String] { members.map { path($0.name) } }

  func member(_ name: String) throws -> Member {
    try #require(members.last { $0.name == name })
  }

  func signal(_ name: String, _ number: Int32) throws {
    kill(try member(name).process.processIdentifier, number)
  }

  /// Waits until a node sees exactly these members, and holds the state.
  func wait(for names: [String], at name: String) throws {
    try eventually("\(name) sees \(names)") {
      guard let client = try? NodeClient(self.path(name)),
        let status = try? client.status(milliseconds: 1000)
      else { return false }
      return status.peers.map(\.name).sorted() == names.sorted() && status.waits == nil
    }
  }

  /// The exit code of a node that ends by itself.
  func exitCode(of name: String) throws -> Int32 {
    let process = try member(name).process
    try eventually("\(name) ends") { !process.isRunning }
    return process.terminationStatus
  }

  /// Waits for something, at most half a minute.
  func eventually(_ what: String, _ condition: () -> Bool) throws {
    let deadline = Date().addingTimeInterval(30)
    while !condition() {
      guard Date() < deadline else { throw Timeout(what: what) }
      usleep(10_000)
    }
  }

  struct Timeout: Error {
    let what: String
  }
}
