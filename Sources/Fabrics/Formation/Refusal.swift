// SPDX-License-Identifier: Apache-2.0

/// Why members of a group, or nodes, part, as it is sent.
package enum Refusal: UInt32, Sendable, CaseIterable {
  /// Bytes that are no message of a handshake.
  case malformed = 1
  case version
  /// The one who is refused has no key.
  case keyMissing
  /// The one who is refused has a key, the other has none.
  case keyUnexpected
  case keyWrong
  case memberCount
  case layout
  case rankOutOfRange
  case rankTaken
  /// Another rank answers at the address than was asked for.
  case rankOther
  /// The two form different groups of those that follow each other.
  case epoch
  /// One wants to meet its group, the other to carry letters.
  case purpose
  /// Nodes of two clusters.
  case cluster
  /// Letters of two versions.
  case letterVersion
  /// A node that called itself.
  case itself
  /// Another node answers at the address than was asked for.
  case nodeOther

  private var advice: String {
    switch self {
    case .malformed: "see which program uses that address, and give the member another port"
    case .version: "run the same build of mapred on all hosts"
    case .keyMissing, .keyUnexpected, .keyWrong: "give all members the same key file"
    case .memberCount, .layout, .rankOutOfRange, .rankOther:
      "start all members with the same build, the same addresses and the same settings"
    case .rankTaken: "start each rank once"
    case .epoch: "wait until both form the same group"
    case .purpose: "give each listener a port of its own, and check the addresses"
    case .cluster: "give all nodes the name of the same cluster, or the addresses of their own"
    case .letterVersion: "run the same build of mapred on all nodes"
    case .itself: "name the addresses of other nodes, and check that no two nodes share one"
    case .nodeOther: "nothing: the node that was there has ended"
    }
  }

  /// Another epoch is no mistake of anybody.
  private var code: FabricError.Code { self == .epoch ? .epoch : .refused }

  /// What the two sides say about what they differ in, as text; nil where it was not told.
  struct Values {
    let mine: String
    let theirs: String?
    /// How errors call who takes part.
    var party = "member"
  }

  /// The error of a member that refuses `peer`.
  func error(refusing peer: String, _ values: Values) -> FabricError {
    let (mine, theirs, party) = (values.mine, values.theirs ?? "another", values.party)
    let what =
      switch self {
      case .malformed: "what comes from there is no hello of a \(party)"
      case .version: "it speaks version \(theirs) of the hello, this \(party) version \(mine)"
      case .keyMissing: "it has no cluster key, and this \(party) has one"
      case .keyUnexpected: "it has a cluster key, and this \(party) has none"
      case .keyWrong: "it does not know the cluster key"
      case .memberCount: "it belongs to a group of \(theirs) members, this member to one of \(mine)"
      case .layout: "it lays memory out differently: \(mine) here, \(theirs) there"
      case .rankOutOfRange: "it calls itself rank \(theirs), and the group has \(mine) members"
      case .rankTaken: "it calls itself rank \(theirs), and that rank is here already"
      case .rankOther: "it is rank \(theirs), and rank \(mine) was to be there"
      case .epoch: "it forms the group of epoch \(theirs), this member that of epoch \(mine)"
      case .purpose: "it wants \(theirs), and this \(party) \(mine)"
      case .cluster: "it belongs to cluster \(theirs), and this node to cluster \(mine)"
      case .letterVersion: "it writes letters of version \(theirs), this node of version \(mine)"
      case .itself: "that is this node itself"
      case .nodeOther: "node \(theirs) is there now, and no longer node \(mine)"
      }
    return FabricError(code, "refused \(peer): \(what)", advice: advice)
  }

  /// The error of a member that `peer` refused.
  func error(refusedBy peer: String, _ values: Values) -> FabricError {
    let (mine, there, party) = (values.mine, values.theirs ?? "another", values.party)
    let what =
      switch self {
      case .malformed: "it could not read what this \(party) sent"
      case .version: "this \(party) speaks version \(mine) of the hello, it speaks \(there)"
      case .keyMissing: "this \(party) has no cluster key, and it has one"
      case .keyUnexpected: "this \(party) has a cluster key, and it has none"
      case .keyWrong: "it says that this \(party) does not know the cluster key"
      case .memberCount:
        "this member belongs to a group of \(mine) members, it to \(there)"
      case .layout:
        "this member lays memory out differently: \(mine) here, \(there) there"
      case .rankOutOfRange:
        "this member calls itself rank \(mine), which its group does not have"
      case .rankTaken: "this member calls itself rank \(mine), and that rank is there already"
      case .rankOther: "this member is rank \(mine), and it wanted rank \(there)"
      case .epoch: "this member forms the group of epoch \(mine), it that of \(there)"
      case .purpose: "this \(party) wants \(mine), and it \(there)"
      case .cluster: "this node belongs to cluster \(mine), and it to \(there)"
      case .letterVersion: "this node writes letters of version \(mine), it of \(there)"
      case .itself: "that is this node itself"
      case .nodeOther: "this is node \(mine), and it wanted \(there)"
      }
    return FabricError(code, "\(peer) refused this \(party): \(what)", advice: advice)
  }
}
