// SPDX-License-Identifier: Apache-2.0
import Engine
import Fabrics
import Replication
import Vocabulary

/// A client of the node whose process this is. One thread at a time.
final class GatewayClient: NodeAccess {
  private let gateway: Gateway
  private let box: ReplyBox
  private let session: NodeID
  private var commands: UInt64 = 0
  /// The connection for whose other end this asks; waiting ends with it.
  var peer: Int32?

  /// `key`: a client that says the same again says the same commands again.
  init(_ gateway: Gateway, _ box: ReplyBox, key: String? = nil) {
    self.gateway = gateway
    self.box = box
    session = NodeClient.session(key)
  }

  func nextCommand() -> CommandID {
    commands += 1
    return CommandID(session: session, number: commands, acknowledged: commands - 1)
  }

  func exchange(_ request: [UInt8], milliseconds: Int) throws(NodeClient.Failure) -> Reply {
    // A reply that came after its deadline is nobody's.
    _ = box.take()
    let deadline = HTTPLink.deadline(in: milliseconds)
    let number = gateway.ask(request, box)
    switch box.wait(until: deadline, peer: peer) {
    case .reply(let reply): return reply
    case .late:
      if let number { gateway.abandon(number) }
      throw .connection(
        FabricError(.timeout, "the node did not answer within \(milliseconds) ms"))
    case .gone:
      if let number { gateway.abandon(number) }
      throw .connection(FabricError(.lost, "the client went away"))
    }
  }
}
