// SPDX-License-Identifier: Apache-2.0
import Environment
import Vocabulary

/// Groups whose members have places on hosts.
extension Transport {
  /// The rule for members with places; nil where all meet over one network, which the addresses
  /// then decide.
  func choice(onHosts formation: Formation) throws(FabricError) -> Choice? {
    let hosts = formation.hosts
    let sharing = hosts.sharing(with: formation.rank)
    switch self {
    case .shm:
      guard hosts.isOne else {
        throw FabricError(
          .configuration, "transport shm cannot serve members of several hosts",
          advice: "use transport auto")
      }
      return Choice(transport: .shm, reason: "as asked for")
    case .tcp, .verbs:
      guard sharing.count == 1 else {
        throw FabricError(
          .configuration,
          "transport \(rawValue) shares no memory, but \(sharing) are said to be on one host",
          advice: "give each member a host of its own, or use transport auto")
      }
      // Others may share memory among themselves, and meet this member over TCP.
      return self == .tcp && !hosts.areApart
        ? Choice(transport: .mixed, reason: "this member meets all others over tcp") : nil
    case .mixed, .auto:
      if hosts.isOne, self == .auto {
        return Choice(transport: .shm, reason: "all members are on this host")
      }
      if hosts.areApart, self == .auto { return nil }
      return Choice(
        transport: .mixed,
        reason:
          "members of one host share memory, hosts meet over tcp (verbs serve groups in which "
          + "no two members share a host)")
    }
  }
}

extension Transport.Choice {
  /// One line for each peer: how this member meets it, and why.
  package func pairs(of formation: Formation) -> [String] {
    formation.peers.map { peer in
      guard !formation.places.isEmpty else {
        return "\(peer) at \(formation.addresses[peer.index]): \(transport.rawValue)"
      }
      let place = formation.places[peer.index]
      if transport == .shm || transport == .mixed,
        formation.hosts.areTogether(peer, formation.rank)
      {
        return "\(peer) at \(place.path): shm, it is on this host (\(place.host))"
      }
      let way = transport == .mixed ? Transport.tcp : transport
      return "\(peer) at \(place.address): \(way.rawValue), it is on another host (\(place.host))"
    }
  }
}

extension Formation {
  /// The formation with the paths of the members for addresses, where they have places.
  var forSharedMemory: Formation {
    places.isEmpty ? self : among(plan.members, at: places.map(\.path))
  }
}
