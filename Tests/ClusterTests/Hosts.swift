// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Hosts on this machine: network namespaces around a bridge that has one of its own, so that
/// nothing of the machine's network is touched. `with` removes all of them.
final class Hosts: Sendable {
  private let prefix: String
  let count: Int

  private static let tool = "/usr/sbin/ip"

  /// Why there are none on this machine; nil where there are.
  static let hindrance: String? = {
    guard geteuid() == 0 else { return "namespaces of networks are made by root alone" }
    guard FileManager.default.isExecutableFile(atPath: tool) else { return "\(tool) is missing" }
    let name = "mapred-probe-\(getpid())"
    defer { _ = run(["netns", "del", name]) }
    guard run(["netns", "add", name]) else { return "no namespace of networks can be made here" }
    let link = ["-n", name, "link", "add"]
    guard run(link + ["eth0", "type", "veth", "peer", "name", "port1"]) else {
      return "no pair of interfaces can be made here"
    }
    guard run(link + ["bridge", "type", "bridge"]) else { return "no bridge can be made here" }
    return nil
  }()

  private init(_ count: Int) throws {
    self.count = count
    prefix = "mapred-\(getpid())-\(UInt16.random(in: 0 ... .max))"
  }

  static func with(_ count: Int, _ body: (Hosts) async throws -> Void) async throws {
    let hosts = try Hosts(count)
    defer { hosts.remove() }
    try hosts.make()
    try await body(hosts)
  }

  private var bridge: String { "\(prefix)-bridge" }
  private func space(_ host: Int) -> String { "\(prefix)-\(host)" }
  func address(_ host: Int) -> String { "10.77.0.\(host)" }
  /// What comes before a command that shall run at a host.
  func prefix(_ host: Int) -> [String] { [Self.tool, "netns", "exec", space(host)] }

  private func make() throws {
    try Self.require(["netns", "add", bridge])
    try Self.require(["-n", bridge, "link", "add", "bridge", "type", "bridge"])
    try Self.require(["-n", bridge, "link", "set", "bridge", "up"])
    for host in 1...count {
      let space = space(host)
      try Self.require(["netns", "add", space])
      try Self.require([
        "-n", bridge, "link", "add", "port\(host)", "type", "veth", "peer", "name", "eth0",
        "netns", space,
      ])
      try Self.require(["-n", bridge, "link", "set", "port\(host)", "master", "bridge", "up"])
      try Self.require(["-n", space, "addr", "add", "\(address(host))/24", "dev", "eth0"])
      try Self.require(["-n", space, "link", "set", "lo", "up"])
      try Self.require(["-n", space, "link", "set", "eth0", "up"])
    }
  }

  private func remove() {
    for host in 1...count { _ = Self.run(["netns", "del", space(host)]) }
    _ = Self.run(["netns", "del", bridge])
  }

  /// Cuts a host off, or lets it back.
  func setLink(of host: Int, up isUp: Bool) throws {
    try Self.require(["-n", bridge, "link", "set", "port\(host)", isUp ? "up" : "down"])
  }

  /// Lets what a host sends to another get lost without a word, or takes that back: it goes to an
  /// interface that does not exist. What the other sends still comes.
  func setWay(from host: Int, to other: Int, open isOpen: Bool) throws {
    let neighbour = ["neigh", isOpen ? "del" : "replace", address(other)]
    let nowhere = isOpen ? [] : ["lladdr", "02:00:00:00:00:77", "nud", "permanent"]
    try Self.require(["-n", space(host)] + neighbour + nowhere + ["dev", "eth0"])
  }

  private static func require(_ arguments: [String]) throws {
    guard run(arguments) else {
      throw Waiting.Failure("ip \(arguments.joined(separator: " ")) failed")
    }
  }

  private static func run(_ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
