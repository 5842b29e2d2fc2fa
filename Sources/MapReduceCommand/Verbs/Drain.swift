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
      Jobs go on at the other nodes, and nothing is lost. Ends when the node is no member any more.
      """)

  @Argument(help: "The node's name.") var name: String
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
      do throws(NodeClient.Failure) {
        _ = try client.inquire(.drain(id), milliseconds: node.milliseconds)
      } catch {
        switch error {
        case .refused(let reason):
          throw JobError(.notAllowed, "\(name) stays: \(reason)")
        case .busy: throw error
        // It may have gone away while it was asked.
        case .unavailable, .connection: break
        }
      }
      if peer.id == status.id { return }
      while try client.status(milliseconds: node.milliseconds).peers.contains(where: {
        $0.id == peer.id
      }) {
        guard monotonicNanoseconds() < deadline else {
          throw JobError(
            .unavailable, "\(name) leaves, and has not left yet",
            advice: "`inspect view` at its own socket says what it waits for")
        }
        usleep(10_000)
      }
    } catch let error as NodeClient.Failure { throw JobError(error) }
  }
}
