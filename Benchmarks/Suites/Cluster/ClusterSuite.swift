// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Fabrics
import Glibc
import Runtime

/// Nodes that are killed, and nodes that have nothing to do.
enum ClusterSuite: Suite {
  static let name = "cluster"
  private static let rounds = Parameter(name: "kills", large: 20, small: 2)
  private static let idle = Parameter(name: "idle milliseconds", large: 10_000, small: 300)
  static let parameters = [rounds, idle]

  /// Who is killed.
  private enum Victim: String, CaseIterable {
    case leader
    case member
  }

  static func run(_ session: Session) throws {
    for transport in session.transports where transport == .shm || transport == .tcp {
      for count in session.isSmall ? [3] : [3, 5] {
        try runKills(count, transport, session)
      }
      try runIdle(5, transport, session)
    }
  }

  private static func runKills(_ count: Int, _ transport: Transport, _ session: Session) throws {
    let group = try NodeGroup(count, over: transport, session: session)
    for victim in Victim.allCases {
      // One round that does not count, as everywhere.
      let outages = try (0...session[rounds]).map { _ in try outage(of: group, victim) }
      session.reporter.show(
        Figure(
          name: "\(transport.rawValue), \(count) nodes, \(victim.rawValue) killed",
          metric: "outage", unit: "ms", values: outages.dropFirst().map { $0 * 1e3 }))
    }
  }

  /// Seconds from a kill until a change is acknowledged.
  private static func outage(of group: NodeGroup, _ victim: Victim) throws -> Double {
    try Interruption.check()
    let coordinators = try group.coordinators()
    guard coordinators.count > 1, let survivor = coordinators.last else {
      throw BenchmarkError("a cluster without coordinators")
    }
    let dead = coordinators[victim == .leader ? 0 : coordinators.count - 2]
    let client = RetryingClient([group.socket(survivor.name)])
    try change(client)
    let start = seconds(CLOCK_MONOTONIC)
    group.kill(dead)
    try change(client)
    let taken = seconds(CLOCK_MONOTONIC) - start
    try group.join(dead.name)
    try group.agree()
    return taken
  }

  private static func change(_ client: RetryingClient) throws {
    let command = CatalogueCommand.set(name: "round", value: [1], expected: nil)
    guard case .changed = try client.change(command, milliseconds: 30_000) else {
      throw BenchmarkError("a node did not do what it was asked")
    }
  }

  /// A group that nobody asks for anything.
  private static func runIdle(_ count: Int, _ transport: Transport, _ session: Session) throws {
    let group = try NodeGroup(count, over: transport, session: session)
    let start = seconds(CLOCK_MONOTONIC)
    let before = group.cpuSeconds
    let end = start + Double(session[idle]) / 1000
    while seconds(CLOCK_MONOTONIC) < end {
      try Interruption.check()
      usleep(50_000)
    }
    let taken = seconds(CLOCK_MONOTONIC) - start
    let shares = zip(group.cpuSeconds, before).map { 100 * ($0 - $1) / taken }
    session.reporter.show(
      Figure(
        name: "\(transport.rawValue), \(count) nodes, idle", metric: "cpu", unit: "%",
        values: shares))
  }
}
