// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Fabrics
import Glibc
import Replication
import Vocabulary

/// A client of several nodes of one cluster: what one of them does not answer, it says again to the
/// next. A change that was said again happens once.
package final class RetryingClient {
  private let paths: [String]
  private var next: Int
  private var client: NodeClient?
  private let session: NodeID
  private var commands: UInt64 = 0

  /// How long a node may take to answer before another one is asked.
  private static let patienceMilliseconds = 1000
  private static let pauseMicroseconds: UInt32 = 20_000

  /// Begins with the node at `paths[first]`.
  package init(_ paths: [String], first: Int = 0) {
    precondition(!paths.isEmpty, "a client has a node to ask")
    self.paths = paths
    next = first % paths.count
    session = NodeClient.session(nil)
  }

  /// Changes the catalogue. Where that fails, it may have happened or not.
  package func change(
    _ command: CatalogueCommand, milliseconds: Int
  ) throws(NodeClient.Failure) -> CatalogueAnswer {
    let id = nextCommand()
    return try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      try client.change(command, as: id, milliseconds: patience)
    }
  }

  package func ask(
    _ question: CatalogueQuestion, milliseconds: Int
  ) throws(NodeClient.Failure) -> CatalogueAnswer {
    try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      try client.ask(question, milliseconds: patience)
    }
  }

  private func connected() throws(NodeClient.Failure) -> NodeClient {
    if let client { return client }
    let made = try NodeClient(paths[next])
    client = made
    return made
  }

  /// The number of this client's next command.
  func nextCommand() -> CommandID {
    commands += 1
    return CommandID(session: session, number: commands, acknowledged: commands - 1)
  }

  /// Asks one node after the other until one answers. A refusal is an answer.
  func retrying<Answer>(
    _ milliseconds: Int, _ body: (NodeClient, Int) throws(NodeClient.Failure) -> Answer
  ) throws(NodeClient.Failure) -> Answer {
    let deadline = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
    while true {
      let now = monotonicNanoseconds()
      let left = deadline > now ? Int((deadline - now) / 1_000_000) : 0
      do throws(NodeClient.Failure) {
        return try body(try connected(), min(left, Self.patienceMilliseconds))
      } catch {
        if case .refused = error { throw error }
        client = nil
        next = (next + 1) % paths.count
        guard monotonicNanoseconds() < deadline else { throw error }
        usleep(Self.pauseMicroseconds)
      }
    }
  }
}
