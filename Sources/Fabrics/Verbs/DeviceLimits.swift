// SPDX-License-Identifier: Apache-2.0

/// What an RDMA device can do, as its driver reports it.
package struct DeviceLimits: Sendable, Hashable {
  package var name = ""
  /// Bytes of one registration of memory.
  package var memoryBytes: UInt64 = 0
  /// Bytes of one write.
  package var messageBytes: UInt64 = 0
  /// Requests in a queue.
  package var queueDepth = 0
  /// Entries in a queue of completions.
  package var completions = 0
  /// Pieces that a request is gathered from.
  package var pieces = 0
  package var connections = 0
  package var isIWARP = false

  package init() {}
}

/// How much of a device a fabric takes: what it would like, cut down to what there is.
package struct DeviceShare: Sendable, Hashable {
  /// Requests that may be on their way to one peer. More than a device works on at once; what does
  /// not fit waits in a queue of the fabric's own.
  package static let sendDepthWanted = 128
  /// Receives that wait for messages of one peer.
  package static let receiveDepthWanted = 64
  /// Below this many, half of the traffic would be the giving back of receives.
  package static let depthMinimum = 16
  /// The most bytes of one write of payload: a link of 100 Gb/s is busy for 80 µs with it, so a
  /// cell behind it does not wait long.
  package static let writeBytesWanted = 1 << 20
  /// The most bytes of one write of cells, which are copied when they are posted.
  package static let cellBytesMaximum = 4096
  /// Bytes of those copies for one peer.
  package static let stagingBytes = 64 << 10
  /// Connections whose other end has not said yet who it is.
  package static let strangersMaximum = 8

  package let sendDepth: Int
  package let receiveDepth: Int
  /// Connections with peers and with strangers.
  package let connections: Int
  package let writeBytesMaximum: Int

  /// Every request of every connection may end as a completion, if all fail at once.
  package var completions: Int { connections * (sendDepth + receiveDepth) }

  /// Throws where the device is too small, with the numbers.
  package init(of limits: DeviceLimits, peers: Int, memoryBytes: Int) throws(FabricError) {
    connections = peers + Self.strangersMaximum
    guard UInt64(memoryBytes) <= limits.memoryBytes else {
      throw Self.tooSmall(
        limits,
        "registers at most \(limits.memoryBytes) bytes at once, and the copies of this "
          + "group take \(memoryBytes)", "use smaller windows or fewer members")
    }
    guard limits.connections >= connections else {
      throw Self.tooSmall(
        limits, "has \(limits.connections) queue pairs, and \(connections) are needed",
        "use fewer members, or transport tcp")
    }
    guard limits.pieces >= 1, limits.messageBytes >= UInt64(Self.cellBytesMaximum) else {
      throw Self.tooSmall(
        limits,
        "takes \(limits.pieces) pieces and \(limits.messageBytes) bytes for a request; "
          + "1 and \(Self.cellBytesMaximum) are needed", "use transport tcp")
    }
    var share = 1
    while true {
      let send = min(Self.sendDepthWanted / share, limits.queueDepth)
      let receive = min(Self.receiveDepthWanted / share, limits.queueDepth)
      guard min(send, receive) >= Self.depthMinimum else {
        throw Self.tooSmall(
          limits,
          "takes \(limits.queueDepth) requests in a queue and \(limits.completions) "
            + "completions; \(Self.depthMinimum) and "
            + "\(connections * 3 * Self.depthMinimum) are needed",
          "use fewer members, or transport tcp")
      }
      if connections * (send + receive) <= limits.completions {
        (sendDepth, receiveDepth) = (send, receive)
        break
      }
      share *= 2
    }
    writeBytesMaximum = Int(min(limits.messageBytes, UInt64(Self.writeBytesWanted))) & ~4095
  }

  private static func tooSmall(
    _ limits: DeviceLimits, _ what: String, _ advice: String
  ) -> FabricError {
    FabricError(.noDevice, "the RDMA device \(limits.name) \(what)", advice: advice)
  }
}
