// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Vocabulary

/// Where a node meets the others to move memory, as it stands in its record: the directory of its
/// sockets for who is on the same host, and `host:port` for the others.
struct Endpoint: Hashable, Sendable {
  let directory: String
  let address: String
  /// Whether an RDMA device has the address.
  let hasDevice: Bool

  init(directory: String, address: String, hasDevice: Bool) {
    self.directory = directory
    self.address = address
    self.hasDevice = hasDevice
  }

  /// `address|verbs or tcp|directory`: a directory may hold any character.
  var text: String { "\(address)|\(hasDevice ? "verbs" : "tcp")|\(directory)" }

  /// Nil where the text is no endpoint.
  init?(_ text: String) {
    let parts = text.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    address = String(parts[0])
    hasDevice = parts[1] == "verbs"
    directory = String(parts[2])
  }

  /// The path at which a member of a view is met. Short, because such paths have little room.
  func path(view: UInt64, id: NodeID) -> String { "\(directory)/\(id)-\(view)" }
}
