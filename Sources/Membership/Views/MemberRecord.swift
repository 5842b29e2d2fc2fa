// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What everybody knows of a node for as long as it lives.
package struct MemberRecord: Hashable, Sendable {
  package let id: NodeID
  /// The name its people gave it; unique among the members of a view.
  package let name: String
  /// The machine it runs on: nodes of one host may share memory, and die together.
  package let host: String
  /// Where it takes letters: `host:port`.
  package let address: String
  /// Where it meets the others to move memory; only the fabric reads it.
  package let endpoint: String

  package init(id: NodeID, name: String, host: String, address: String, endpoint: String) {
    self.id = id
    self.name = name
    self.host = host
    self.address = address
    self.endpoint = endpoint
  }
}
