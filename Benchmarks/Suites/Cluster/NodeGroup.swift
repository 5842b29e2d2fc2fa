// SPDX-License-Identifier: Apache-2.0
import Engine
import Fabrics
import Glibc
import Runtime

/// Nodes of one cluster, as processes of this machine. They end with this object.
final class NodeGroup {
  /// One of them.
  struct Member {
    let name: String
    let process: pid_t
    let address: String
  }

  private let program: String
  private let directory: String
  private let transport: Transport
  private let words: Int32
  /// All that run.
  private(set) var members: [Member] = []
  private var started = 0

  /// Seconds until nodes agree on a view.
  private static let patience = 60.0

  /// Founds a cluster of `count` nodes.
  init(_ count: Int, over transport: Transport, session: Session) throws {
    program = try ChildProcess.folder() + "/mapred"
    guard unsafe access(program, X_OK) == 0 else {
      throw BenchmarkError(
        "\(program) is missing: build it with MAPRED_BENCHMARKS=1 swift build -c release")
    }
    self.transport = transport
    directory = session.scratch.path
    words = try ChildProcess.temporaryFile()
    for number in 1...count { try join("n\(number)") }
    try agree()
  }

  deinit {
    for member in members { end(member) }
    close(words)
  }

  func socket(_ name: String) -> String { "\(directory)/\(name).sock" }

  /// Starts a node that founds the cluster or joins it.
  func join(_ name: String) throws {
    let heard = try ChildProcess.pipe()
    defer { close(heard.read) }
    let process: pid_t
    do {
      defer { close(heard.write) }
      let seeds = members.flatMap { ["--join", $0.address] }
      process = try ChildProcess.spawn(
        Self.guarded + [
          program, "node", "--name", name, "--listen", "127.0.0.1:0", "--socket", socket(name),
          "--transport", transport.rawValue,
        ] + seeds, ChildProcess.Streams(output: words, error: heard.write))
    }
    do {
      let address = try Self.address(heard.read)
      members.append(Member(name: name, process: process, address: address))
    } catch {
      _ = Glibc.kill(process, SIGKILL)
      _ = try? ChildProcess.wait(for: process)
      throw error
    }
  }

  /// What lets a child end with this program, however that one ends.
  private static let guarded =
    ChildProcess.isInstalled("setpriv") ? ["setpriv", "--pdeathsig", "KILL"] : []

  /// Reads where a node takes letters.
  private static func address(_ descriptor: Int32) throws -> String {
    var text = ""
    while true {
      let line = text.split(separator: "\n").first { $0.contains(", letters at ") }
      if let line, text.hasSuffix("\n"), let address = line.split(separator: " ").last {
        return String(address)
      }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(descriptor, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw BenchmarkError("a node did not start: \(text)") }
      text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
  }

  /// Kills a node, and forgets it.
  func kill(_ member: Member) {
    members.removeAll { $0.process == member.process }
    end(member)
  }

  private func end(_ member: Member) {
    _ = Glibc.kill(member.process, SIGKILL)
    _ = try? ChildProcess.wait(for: member.process)
  }

  /// Waits until all nodes see each other, and wait for nothing.
  func agree() throws {
    let names = Set(members.map(\.name))
    let end = seconds(CLOCK_MONOTONIC) + Self.patience
    for member in members {
      while true {
        try Interruption.check()
        let status = try? NodeClient(socket(member.name)).status(milliseconds: 1000)
        if let status, status.waits == nil, Set(status.peers.map(\.name)) == names { break }
        guard seconds(CLOCK_MONOTONIC) < end else {
          throw BenchmarkError("\(member.name) waits: \(status?.waits ?? "it does not answer")")
        }
        usleep(2000)
      }
    }
  }

  /// Those that keep the state, the one that leads first.
  func coordinators() throws -> [Member] {
    guard let first = members.first else { return [] }
    let status = try NodeClient(socket(first.name)).status(milliseconds: 10_000)
    return status.peers.filter { !$0.roles.isEmpty }.compactMap { peer in
      members.first { $0.name == peer.name }
    }
  }

  /// Processor time of each node so far, in seconds.
  var cpuSeconds: [Double] {
    members.map { member in
      var clock = clockid_t()
      guard unsafe clock_getcpuclockid(member.process, &clock) == 0 else { return .nan }
      return seconds(clock)
    }
  }
}
