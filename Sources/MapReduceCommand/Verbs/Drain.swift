// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Engine
import Fabrics
import Glibc
import MapReduce
import Runtime
import Vocabulary

/// `mapred drain NODE`.
struct Drain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Lets a node leave the cluster, once others have all that it holds.",
    discussion: """
      Jobs go on at the other nodes. Ends when the node is no member any more. A node that alone \
      holds parts of results stays, and the command says so; --lose lets it leave with them.
      """)

  @Argument(help: "The node's name.") var name: String
  @Flag(help: "Also where results are lost with it.") var lose = false
  @OptionGroup var node: NodeOptions

  func run() throws {
    let deadline = monotonicNanoseconds() + UInt64(node.timeout) * 1_000_000_000
    do {
      let client = try node.client()
      let status = try client.status(milliseconds: node.milliseconds)
      guard let peer = status.peers.first(where: { $0.name == name }),
        let id = NodeID(text: peer.id)
      else {
        let names = status.peers.map(\.name).joined(separator: ", ")
        throw JobError(
          .noInput, "no member is called \"\(name)\"", advice: "there are \(names)")
      }
      try drain(id, client, until: deadline)
      if peer.id == status.id { return }
      while try client.status(milliseconds: node.milliseconds).peers.contains(where: {
        $0.id == peer.id
      }) {
        guard monotonicNanoseconds() < deadline else {
          throw JobError(.unavailable, "\(name) leaves, and has not left yet")
        }
        usleep(10_000)
      }
    } catch let error as NodeClient.Failure { throw JobError(error) }
  }

  /// Asks until others have what it holds.
  private func drain(_ id: NodeID, _ client: NodeClient, until deadline: UInt64) throws {
    while true {
      do throws(NodeClient.Failure) {
        _ = try client.inquire(.drain(id, mayLose: lose), milliseconds: node.milliseconds)
        return
      } catch {
        switch error {
        case .refused(let reason):
          guard monotonicNanoseconds() < deadline else {
            throw JobError(
              .notAllowed, "\(name) stays: \(reason)",
              advice: "wait longer (--timeout), or give them up with --lose")
          }
          usleep(100_000)
        // It went away while it was asked.
        case .unavailable, .connection: return
        case .busy: throw error
        }
      }
    }
  }
}
