// SPDX-License-Identifier: Apache-2.0
import Dataflow
package import Membership
package import Memory
package import Replication
import Vocabulary

/// How a node sees itself and the others, for people who look into it.
package struct NodeStatus: Hashable, Sendable {
  /// A subgroup that holds state, as this node has it.
  package struct Held: Hashable, Sendable {
    package let role: String
    /// Nil where the state is not here.
    package let version: String?
    package let applied: UInt64
    package let waiting: Int
    package let underWay: Int
  }

  /// A member as this node sees it.
  package struct Peer: Hashable, Sendable {
    package let id: String
    package let name: String
    package let host: String
    package let address: String
    package let isSuspected: Bool
    package let roles: [String]
  }

  package let name: String
  package let id: String
  package let view: UInt64
  package let cluster: String
  package let isFormed: Bool
  /// What the node waits for; nil where it waits for nothing.
  package let waits: String?
  package let inadequacy: String?
  package let peers: [Peer]
  package let held: [Held]
}

extension Node {
  func status(_ now: UInt64) -> NodeStatus {
    let view = membership.view
    let suspects = view == nil ? RankSet() : membership.suspects(now)
    let peers = view?.members.enumerated().map { index, member in
      let roles = view?.subgroups.filter { $0.receivers.contains(Rank(index)) } ?? []
      return NodeStatus.Peer(
        id: member.id.text, name: member.name, host: member.host, address: member.address,
        isSuspected: suspects.contains(Rank(index)),
        roles: roles.filter(\.role.holdsState).map(\.role.description))
    }
    let held = view?.subgroups.indices.compactMap { index -> NodeStatus.Held? in
      guard let subgroup = view?.subgroups[index], subgroup.role.holdsState,
        subgroup.receivers.contains(membership.rank)
      else { return nil }
      let replica = slots[index].replica
      return NodeStatus.Held(
        role: subgroup.role.description,
        version: replica.map { $0.version?.description ?? "none" },
        applied: replica?.applied ?? 0, waiting: queues[index].waiting,
        underWay: queues[index].underWay)
    }
    return NodeStatus(
      name: membership.record.name, id: membership.record.id.text, view: view?.number ?? 0,
      cluster: view?.cluster.text ?? "", isFormed: isFormed, waits: waits(now),
      inadequacy: view?.inadequacy, peers: peers ?? [], held: held ?? [])
  }

  /// What the node waits for, in words; nil where it waits for nothing.
  package func waits(_ now: UInt64) -> String? {
    if let reason = membership.waits(now) { return reason }
    guard let view = membership.view else { return nil }
    if !isFormed { return "the fabric of view \(view.number) is being formed" }
    let missing = slots.indices.filter { slots[$0].receiver != nil }
    guard !missing.isEmpty else { return workshop?.waits }
    let roles = missing.map { view.subgroups[$0].role.description }.joined(separator: ", ")
    return "the state of \(roles) is on its way here"
  }
}

extension Node {
  /// By role: the version and the digest of what is held here. O(state).
  package func digests() -> [(Role, Version, [UInt8])] {
    guard let view = membership.view else { return [] }
    return slots.indices.compactMap { index in
      guard let replica = slots[index].replica, let version = replica.version else { return nil }
      return (view.subgroups[index].role, version, replica.digest)
    }
  }

  /// Whether all state that this member is to hold is here.
  package var holdsAll: Bool { slots.allSatisfy { $0.receiver == nil } }
}

extension NodeStatus {
  package var encoded: [UInt8] {
    var out = ByteBuffer()
    for text in [name, id, cluster] { out.append(counted: text) }
    out.appendVarint(view)
    out.append(isFormed ? 1 as UInt8 : 0)
    out.append(optional: waits)
    out.append(optional: inadequacy)
    out.appendVarint(UInt64(peers.count))
    for peer in peers {
      for text in [peer.id, peer.name, peer.host, peer.address] { out.append(counted: text) }
      out.append(peer.isSuspected ? 1 as UInt8 : 0)
      out.appendVarint(UInt64(peer.roles.count))
      for role in peer.roles { out.append(counted: role) }
    }
    out.appendVarint(UInt64(held.count))
    for one in held {
      out.append(counted: one.role)
      out.append(optional: one.version)
      for number in [one.applied, UInt64(one.waiting), UInt64(one.underWay)] {
        out.appendVarint(number)
      }
    }
    return Array(out.bytes)
  }

  package init(_ bytes: Bytes) throws(ByteReader.Damaged) {
    var reader = ByteReader(bytes)
    name = try reader.text()
    id = try reader.text()
    cluster = try reader.text()
    view = try reader.varint()
    isFormed = try reader.byte() == 1
    waits = try reader.optionalText()
    inadequacy = try reader.optionalText()
    var peers: [Peer] = []
    for _ in 0..<(try reader.length()) {
      let id = try reader.text()
      let name = try reader.text()
      let host = try reader.text()
      let address = try reader.text()
      let isSuspected = try reader.byte() == 1
      var roles: [String] = []
      for _ in 0..<(try reader.length()) { roles.append(try reader.text()) }
      peers.append(
        Peer(
          id: id, name: name, host: host, address: address, isSuspected: isSuspected,
          roles: roles))
    }
    self.peers = peers
    var held: [Held] = []
    for _ in 0..<(try reader.length()) {
      let role = try reader.text()
      let version = try reader.optionalText()
      let applied = try reader.varint()
      let waiting = Int(try reader.varint() & 0xFFFF_FFFF)
      held.append(
        Held(
          role: role, version: version, applied: applied, waiting: waiting,
          underWay: Int(try reader.varint() & 0xFFFF_FFFF)))
    }
    self.held = held
  }
}

extension ByteBuffer {
  fileprivate mutating func append(optional text: String?) {
    append(text == nil ? 0 as UInt8 : 1)
    if let text { append(counted: text) }
  }
}

extension ByteReader {
  fileprivate mutating func optionalText() throws(Damaged) -> String? {
    try byte() == 0 ? nil : try text()
  }
}
