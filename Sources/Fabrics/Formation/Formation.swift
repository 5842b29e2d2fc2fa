// SPDX-License-Identifier: Apache-2.0
package import Environment
import Memory
package import Vocabulary

/// What a member brings along to form a group: who it is, where the others are, and what has to be
/// equal at all of them.
package struct Formation: Sendable {
  package let rank: Rank
  package let plan: GroupPlan
  /// Where each member is, by rank: the path of a Unix socket for shared memory, `host:port` for
  /// TCP and verbs.
  package private(set) var addresses: [String]
  /// The same for members of several hosts, by rank: then those of one host share memory. Empty
  /// where all members meet in one way.
  package private(set) var places: [MemberPlace] = []
  /// The members that this one meets: all others, or those that it meets in one way.
  package private(set) var peers: RankSet
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
    peers = plan.members.removing(rank)
  }

  /// For a group whose members may be on one host or on several.
  package init(rank: Rank, plan: GroupPlan, places: [MemberPlace], key: ClusterKey? = nil) {
    self.init(rank: rank, plan: plan, addresses: places.map(\.address), key: key)
    self.places = places
  }

  /// The same for a part of the group, which is at other addresses, by rank.
  func among(_ part: RankSet, at addresses: [String]) -> Formation {
    var formation = self
    formation.peers = part.removing(rank)
    formation.addresses = addresses
    return formation
  }

  /// Who shares memory with whom.
  var hosts: Hosts { Hosts(places.map(\.host)) }

  package var address: String { addresses[rank.index] }
}

/// Where a member is, in every way in which others may meet it.
package struct MemberPlace: Sendable, Hashable {
  /// What members of one host have in common: they share memory.
  package let host: String
  /// The path of the Unix socket by which those of its host meet it.
  package let path: String
  /// `host:port`, for all others.
  package let address: String

  package init(host: String, path: String, address: String) {
    self.host = host
    self.path = path
    self.address = address
  }
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

  /// What only those who know the key can make of a text; it does not give the key away.
  package func tag(_ text: String) -> [UInt8] {
    var code = bytes.withBytes { HMAC(key: $0) }
    Array(text.utf8).withBytes { code.update($0) }
    return code.tag
  }

  /// Never shows the secret.
  package var description: String { "a cluster key of \(bytes.count) bytes" }
}
