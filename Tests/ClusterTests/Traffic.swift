// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Foundation
import Runtime
import Synchronization
import Testing

/// Clients that count in the catalogue all the time, each at another node, and go on elsewhere when
/// theirs is lost. A count is raised only from what was seen, so that one that is made twice shows.
final class Traffic: Sendable {
  private struct State {
    /// By client: how often its count was raised, as far as it was told.
    var raised: [Int]
    var failures: [String] = []
  }

  private let state: Mutex<State>
  private let isOver = Atomic<Bool>(false)
  private let group = DispatchGroup()

  init(clients: Int, paths: [String]) {
    state = Mutex(State(raised: [Int](repeating: 0, count: clients)))
    for client in 0..<clients {
      Thread.detachNewThread { [self, group] in
        group.enter()
        defer { group.leave() }
        count(client, RetryingClient(paths, first: client))
      }
    }
  }

  private func count(_ client: Int, _ connection: RetryingClient) {
    var value = 0
    var revision: UInt64 = 0
    while !isOver.load(ordering: .relaxed) {
      let command = CatalogueCommand.set(
        name: "count\(client)", value: Array("\(value + 1)".utf8), expected: revision)
      do throws(NodeClient.Failure) {
        guard case .changed(let made) = try connection.change(command, milliseconds: 30_000) else {
          return fail("client \(client): somebody else changed its count at \(value)")
        }
        revision = made
        value += 1
      } catch {
        return fail("client \(client): \(error)")
      }
      state.withLock { $0.raised[client] = value }
    }
  }

  private func fail(_ text: String) { state.withLock { $0.failures.append(text) } }

  var total: Int { state.withLock { $0.raised.reduce(0, +) } }

  /// Ends the clients, and compares what they were told with what a node has.
  func finish(at path: String) throws {
    isOver.store(true, ordering: .relaxed)
    #expect(group.wait(timeout: .now() + 60) == .success)
    let (raised, failures) = state.withLock { ($0.raised, $0.failures) }
    #expect(failures.isEmpty)
    let client = RetryingClient([path])
    for (index, count) in raised.enumerated() {
      let answer = try client.ask(.get(name: "count\(index)"), milliseconds: 10_000)
      guard case .entry(let entry) = answer else {
        Issue.record("\(answer)")
        continue
      }
      #expect(count > 0)
      #expect(String(decoding: entry?.value ?? [], as: UTF8.self) == "\(count)")
    }
  }
}
