// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What a node says of itself when it opens a connection for letters: it is no member of a group
/// yet, or of another one, so it has no rank to show.
///
/// As bytes (little-endian): the version of letters (4), the node (16), and three texts, each
/// behind its length of one byte: the cluster's name, the node's, and its address.
package struct NodeIntroduction: Sendable, Hashable {
  /// The most bytes of a cluster's name, a node's name and an address: three of them and the rest
  /// fit into what a hello can carry besides.
  package static let textBytesMaximum = 255

  package let id: NodeID
  package let name: String
  package let cluster: String
  /// The version of what stands in letters; nodes that differ in it refuse each other.
  package let version: UInt32
  /// Where others reach this node, `host:port`; empty where nobody can.
  package let address: String

  package init(id: NodeID, name: String, cluster: String, version: UInt32, address: String) {
    for text in [name, cluster, address] {
      precondition(text.utf8.count <= Self.textBytesMaximum, "\(text) is too long for a hello")
    }
    self.id = id
    self.name = name
    self.cluster = cluster
    self.version = version
    self.address = address
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(version), bytes: 4)
    bytes.append(number: id.high, bytes: 8)
    bytes.append(number: id.low, bytes: 8)
    for text in [cluster, name, address] {
      bytes.append(UInt8(text.utf8.count))
      bytes += Array(text.utf8)
    }
    return bytes
  }

  /// Nil where the bytes are no introduction.
  init?(decoding bytes: [UInt8]) {
    guard bytes.count >= 20 else { return nil }
    version = UInt32(bytes.number(at: 0, bytes: 4))
    id = NodeID(high: bytes.number(at: 4, bytes: 8), low: bytes.number(at: 12, bytes: 8))
    var texts: [String] = []
    var rest = bytes[20...]
    while let count = rest.popFirst() {
      guard texts.count < 3, rest.count >= Int(count),
        let text = String(validating: rest.prefix(Int(count)), as: UTF8.self)
      else { return nil }
      texts.append(text)
      rest = rest.dropFirst(Int(count))
    }
    guard texts.count == 3 else { return nil }
    (cluster, name, address) = (texts[0], texts[1], texts[2])
  }
}
