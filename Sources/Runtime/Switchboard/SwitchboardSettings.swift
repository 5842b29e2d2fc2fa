// SPDX-License-Identifier: Apache-2.0
package import Fabrics
package import Vocabulary

/// Who a node is, where it listens, and how much it takes.
package struct SwitchboardSettings: Sendable {
  package let id: NodeID
  package let name: String
  package let cluster: String
  /// The version of what letters say; nodes of different versions refuse each other.
  package let letterVersion: UInt32
  /// Nil only where all addresses are of this host.
  package let key: ClusterKey?
  /// `host:port`; port 0 is one that the system finds.
  package let listenAddress: String
  /// Where others reach this node, if that is not where it listens: `0.0.0.0` is nobody's address.
  package var advertisedAddress: String?
  /// Where local clients connect; nil where there are none.
  package var socketPath: String?

  package var letterBytesMaximum = 1 << 20
  /// Bytes that wait for one peer. What does not fit is dropped: the protocol repeats it.
  package var queuedBytesMaximum = 4 << 20
  /// Bytes of letters that wait for the polling thread before no more are read. The peers' queues
  /// then fill, which is where letters are dropped.
  package var waitingLetterBytes = 16 << 20
  package var requestBytesMaximum = 1 << 20
  /// Requests that wait for the polling thread before more are answered with `busyAnswer`.
  package var waitingRequests = 16 << 10
  package var clientMaximum = 1024
  /// Answers that a client has not read, before it is cut off.
  package var unreadBytesMaximum = 16 << 20
  /// Connections that have not proven the key yet; the oldest gives way.
  package var guestMaximum = 64
  /// Connections that one node may have to this one: more than it needs while it dials anew.
  package var incomingMaximum = 4
  /// Connections to addresses whose nodes are not known; the one used least recently gives way.
  package var anonymousMaximum = 64
  package var handshakeSeconds = 5
  /// How long a connection may take to be made, besides the hello.
  package var connectSeconds = 3
  package var tcp = TCPSettings()

  /// What a request is answered with that finds no place.
  package var busyAnswer: @Sendable (_ request: [UInt8]) -> [UInt8] = { _ in [] }
  /// What a client is told that comes when there are too many.
  package var crowdedAnswer: [UInt8] = []

  package init(
    id: NodeID, name: String, cluster: String, letterVersion: UInt32 = 1, key: ClusterKey? = nil,
    listenAddress: String, socketPath: String? = nil
  ) {
    self.id = id
    self.name = name
    self.cluster = cluster
    self.letterVersion = letterVersion
    self.key = key
    self.listenAddress = listenAddress
    self.socketPath = socketPath
  }

  /// The introduction of a node that listens at `bound`.
  func introduction(bound: String) throws(FabricError) -> NodeIntroduction {
    let isEverywhere = ["0.0.0.0:", "[::]:"].contains { bound.hasPrefix($0) }
    let address = advertisedAddress ?? (isEverywhere ? "" : bound)
    for (text, what) in [
      (name, "the name of the node"), (cluster, "the name of the cluster"),
      (address, "the address of the node"),
    ] where text.utf8.count > NodeIntroduction.textBytesMaximum {
      throw FabricError(
        .configuration, "\(what) has \(text.utf8.count) bytes",
        advice: "use at most \(NodeIntroduction.textBytesMaximum)")
    }
    return NodeIntroduction(
      id: id, name: name, cluster: cluster, version: letterVersion, address: address)
  }

  /// The addresses that a text stands for. Without a key, nothing outside of this host is talked
  /// to.
  func guarded(_ found: [SocketAddress], _ text: String) throws(FabricError) -> [SocketAddress] {
    guard key == nil, let open = found.first(where: { !$0.isLoopback }) else { return found }
    throw FabricError(
      .configuration,
      "\(text) can be reached from other hosts (\(open.text)), and there is no cluster key",
      advice: "give all nodes one key file, or use addresses of this host: 127.0.0.1:PORT")
  }
}
