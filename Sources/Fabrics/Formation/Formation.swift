// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Vocabulary

/// What a member brings along to form a group: who it is, where the others are, and what has to be
/// equal at all of them.
package struct Formation: Sendable {
  package let rank: Rank
  package let plan: GroupPlan
  /// Where each member is, by rank: the path of a Unix socket for shared memory, `host:port` for
  /// TCP and verbs.
  package let addresses: [String]
  /// The secret that members prove to each other; nil only where all addresses are of this host.
  package var key: ClusterKey?
  /// How long a member waits for the others.
  package var timeoutSeconds = 60
  /// Which of the groups that are formed at these addresses, one after the other, this is. Members
  /// with the same number meet; those that are ahead or behind are called again until the time is
  /// over, for they overtake each other by moments.
  package var epoch: UInt64 = 0
  /// By which another thread ends `open`.
  package var cancellation: Cancellation?
  /// A socket that listens already, for TCP; without one `open` listens at the own address for as
  /// long as it takes.
  package var listener: DataListener?

  package init(rank: Rank, plan: GroupPlan, addresses: [String], key: ClusterKey? = nil) {
    precondition(addresses.count == plan.segments.count, "an address for each member")
    precondition(plan.members.contains(rank), "a member has a rank of the group")
    self.rank = rank
    self.plan = plan
    self.addresses = addresses
    self.key = key
  }

  package var address: String { addresses[rank.index] }
  package var peers: RankSet { plan.members.removing(rank) }
}

/// A secret that all members of a cluster know. It is never sent.
package struct ClusterKey: Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  /// The fewest bytes of a key: 128 bits.
  package static let bytesMinimum = 16

  /// Throws where the key is too short to be a secret.
  package init(_ bytes: [UInt8]) throws {
    guard bytes.count >= Self.bytesMinimum else {
      throw FabricError(
        .configuration, "the cluster key has \(bytes.count) bytes",
        advice: "use at least \(Self.bytesMinimum): head -c 32 /dev/urandom > FILE")
    }
    self.bytes = bytes
  }

  /// Never shows the secret.
  package var description: String { "a cluster key of \(bytes.count) bytes" }
}
