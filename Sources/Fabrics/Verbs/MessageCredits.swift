// SPDX-License-Identifier: Apache-2.0

/// Keeps a member from sending a message for which its peer has no receive waiting, which would end
/// an iWARP connection and stall one over RoCE.
///
/// Both begin with `depth` receives. Each message says how many receives its sender has posted anew
/// since the connection began. The last one is kept for messages that do nothing but say so: two
/// members that have used up the others can still tell each other, so neither waits for ever.
package struct MessageCredits: Sendable {
  package let depth: Int
  private var sent: UInt32 = 0
  private var returnedByPeer: UInt32 = 0
  private var reposted: UInt32 = 0
  private var announced: UInt32 = 0

  package init(depth: Int) {
    // With a half of 1, each message that gives back would be answered by another one.
    precondition(depth >= 4, "one receive is kept, and a half is more than one message")
    self.depth = depth
  }

  /// Receives that wait at the peer, for all this member knows.
  package var available: Int { depth - Int(sent &- returnedByPeer) }
  package var maySend: Bool { available > 1 }
  /// The peer is to be told that its receives are there again, and can be.
  package var mustReturn: Bool { Int(reposted &- announced) >= depth / 2 && available > 0 }

  /// Counts a message that goes out, and returns the number that it carries.
  package mutating func send() -> UInt32 {
    precondition(available > 0, "a message is sent to a receive")
    sent &+= 1
    announced = reposted
    return reposted
  }

  /// Counts a message that came, whose receive is posted anew. False where what it says cannot be.
  package mutating func receive(returned: UInt32) -> Bool {
    reposted &+= 1
    guard returned &- returnedByPeer <= sent &- returnedByPeer else { return false }
    returnedByPeer = returned
    return true
  }
}
