// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Foundation
import Runtime
import Synchronization
import Testing

/// Clients that write, count and read all the time, each at another node, and go on elsewhere when
/// theirs is lost. What they were told is compared with what the nodes have in the end.
final class Traffic: Sendable {
  /// What clients were told, all in all.
  struct Told: Sendable {
    /// By name: the last value and its revision. Each name has one writer.
    var entries: [String: Entry] = [:]
    /// Changes that were acknowledged.
    var changes = 0
    /// Of these, how often the count that all clients share was raised.
    var shared = 0
    var failures: [String] = []
  }

  private let told = Mutex(Told())
  private let isOver = Atomic<Bool>(false)
  private let group = DispatchGroup()
  private static let sharedName = "shared"
  /// No outage that a majority survives takes as long.
  private static let patienceMilliseconds = 20_000

  init(clients: Int, sockets: [String]) {
    for client in 0..<clients {
      group.enter()
      Thread.detachNewThread { [self, group] in
        defer { group.leave() }
        work(client, RetryingClient(sockets, first: client))
      }
    }
  }

  private func work(_ number: Int, _ client: RetryingClient) {
    do {
      var turn = 0
      while !isOver.load(ordering: .relaxed) {
        try count("count \(number)", client)
        try write("entry \(number).\(turn % 4)", client)
        try raise(client)
        turn += 1
      }
    } catch {
      told.withLock { $0.failures.append("client \(number): \(error)") }
    }
  }

  private func set(_ name: String, _ value: Int, _ expected: UInt64?, _ client: RetryingClient)
    throws -> CatalogueAnswer
  {
    let command = CatalogueCommand.set(
      name: name, value: Array("\(value)".utf8), expected: expected)
    return try client.change(command, milliseconds: Self.patienceMilliseconds)
  }

  private func entry(_ name: String, _ client: RetryingClient) throws -> Entry? {
    let answer = try client.ask(.get(name: name), milliseconds: Self.patienceMilliseconds)
    guard case .entry(let entry) = answer else { throw Waiting.Failure("\(answer)") }
    return entry
  }

  private static func number(_ entry: Entry?) -> Int {
    Int(String(decoding: entry?.value ?? [], as: UTF8.self)) ?? 0
  }

  /// Nobody else changes it: a change that happened twice would stand in its own way.
  private func count(_ name: String, _ client: RetryingClient) throws {
    let last = told.withLock { $0.entries[name] }
    try note(name, Self.number(last) + 1, expected: last?.revision ?? 0, client)
  }

  /// Reads what it wrote, wherever it asks.
  private func write(_ name: String, _ client: RetryingClient) throws {
    let last = told.withLock { $0.entries[name] }
    try note(name, Self.number(last) + 1, expected: nil, client)
    let found = try entry(name, client)
    guard found == told.withLock({ $0.entries[name] }) else {
      throw Waiting.Failure("\(name) is not what was written: \(String(describing: found))")
    }
  }

  private func note(_ name: String, _ value: Int, expected: UInt64?, _ client: RetryingClient)
    throws
  {
    let answer = try set(name, value, expected, client)
    guard case .changed(let revision) = answer else {
      throw Waiting.Failure("somebody else changed \(name) at \(value): \(answer)")
    }
    let entry = Entry(name: name, value: Array("\(value)".utf8), revision: revision)
    told.withLock { told in
      if revision <= told.entries[name]?.revision ?? 0 {
        told.failures.append("\(name) got revision \(revision) after a higher one")
      }
      told.entries[name] = entry
      told.changes += 1
    }
  }

  /// Raises the count of all clients, if nobody else does at the same time.
  private func raise(_ client: RetryingClient) throws {
    let seen = try entry(Self.sharedName, client)
    let answer = try set(Self.sharedName, Self.number(seen) + 1, seen?.revision ?? 0, client)
    guard case .changed = answer else { return }
    told.withLock { told in
      told.shared += 1
      told.changes += 1
    }
  }

  /// Waits until all clients together have got on since.
  func goOn() async throws {
    let before = told.withLock { $0.changes }
    try await Waiting.until("clients go on") { [self] in
      let (changes, failures) = told.withLock { ($0.changes, $0.failures) }
      if let failure = failures.first { throw Waiting.Failure(failure) }
      return changes >= before + 40 ? () : nil
    }
  }

  /// Ends the clients, and compares what they were told with what the nodes have.
  func finish(at cluster: Cluster) async throws {
    isOver.store(true, ordering: .relaxed)
    try await Waiting.until("clients end") { [group] in
      group.wait(timeout: .now()) == .success ? () : nil
    }
    let told = told.withLock { $0 }
    #expect(told.failures.isEmpty)
    #expect(told.shared > 0)
    for socket in cluster.sockets {
      let client = try NodeClient(socket)
      let answer = try client.ask(
        .list(prefix: "", after: "", limit: Catalogue.listMaximum), milliseconds: 10_000)
      guard case .entries(let entries, let revision, false) = answer else {
        throw Waiting.Failure("\(socket) answers \(answer)")
      }
      // As many changes as were acknowledged: none is lost, and none was made twice.
      #expect(revision == UInt64(told.changes))
      let shared = entries.first { $0.name == Self.sharedName }
      #expect(Self.number(shared) == told.shared)
      let others = entries.filter { $0.name != Self.sharedName }
      #expect(others == told.entries.values.sorted { $0.name < $1.name })
    }
    try await cluster.expectEqualReplicas()
  }
}
