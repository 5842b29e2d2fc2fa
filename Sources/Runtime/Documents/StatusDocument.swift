// SPDX-License-Identifier: Apache-2.0
package import Engine
package import Exchange

/// A node's view, and the members in it, as programs read them.
package enum StatusDocument {
  /// The member at a rank.
  package static func member(_ rank: Int, of status: NodeStatus) -> JSON {
    let peer = status.peers[rank]
    return .object([
      ("type", .text("member")), ("rank", .integer(rank)), ("name", .text(peer.name)),
      ("id", .text(peer.id)), ("suspected", .bool(peer.isSuspected)),
      ("address", .text(peer.address)), ("host", .text(peer.host)),
      ("roles", .array(peer.roles.map { .text($0) })), ("view", .natural(status.view)),
    ])
  }

  package static func view(_ status: NodeStatus) -> JSON {
    .object([
      ("type", .text("view")), ("node", .text(status.name)), ("id", .text(status.id)),
      ("cluster", .text(status.cluster)), ("view", .natural(status.view)),
      ("members", .array(status.peers.map { .text($0.name) })),
      ("fabric", .bool(status.isFormed)), ("waits", status.waits.map { .text($0) } ?? .null),
      ("lacks", status.inadequacy.map { .text($0) } ?? .null),
      (
        "holds",
        .array(
          status.held.map { held in
            .object([
              ("role", .text(held.role)), ("version", held.version.map { .text($0) } ?? .null),
              ("applied", .natural(held.applied)), ("waiting", .integer(held.waiting)),
              ("under_way", .integer(held.underWay)),
            ])
          })
      ),
    ])
  }
}
