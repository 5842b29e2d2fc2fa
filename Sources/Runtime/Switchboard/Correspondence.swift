// SPDX-License-Identifier: Apache-2.0
package import Fabrics
package import Vocabulary

/// A node that letters are written to, and where it is reached: `host:port`.
package struct Correspondent: Hashable, Sendable {
  package let id: NodeID
  package let address: String

  package init(id: NodeID, address: String) {
    self.id = id
    self.address = address
  }
}

/// Bytes from another node, which has proven the cluster key.
package struct ReceivedLetter: Hashable, Sendable {
  package let from: NodeID
  package let bytes: [UInt8]

  package init(from: NodeID, bytes: [UInt8]) {
    self.from = from
    self.bytes = bytes
  }
}

/// A local client's connection. Its number is never used again in the life of a switchboard.
package struct ConnectionID: Hashable, Sendable, CustomStringConvertible {
  package let number: Int

  package init(_ number: Int) { self.number = number }

  package var description: String { "client \(number)" }
}

/// What a switchboard hands to the thread that polls, in the order in which it happened.
package enum SwitchEvent: Sendable, Hashable {
  case letter(ReceivedLetter)
  /// A node cannot be reached; told once for each outage, and once more when it turns out to be
  /// gone: its process has ended, and with it its identity.
  case unreachable(NodeID, reason: String, isGone: Bool)
  /// One of both sides did not want the other, or a peer sent what it may not. Told to both.
  case refused(address: String, FabricError)
  /// A letter to an address without a known node did not get there.
  case unanswered(address: String, reason: String)
  case request(ConnectionID, [UInt8])
  /// A client that has asked something went away, or was cut off.
  case clientGone(ConnectionID)
}
