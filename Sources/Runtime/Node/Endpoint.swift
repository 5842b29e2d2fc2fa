// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Vocabulary

/// Where a node meets the others to move memory, as it stands in its record: the directory of its
/// sockets for who is on the same host, and `host:port` for the others.
struct Endpoint: Hashable, Sendable {
  let directory: String
  let address: String
  /// The port for verbs, where an RDMA device has the address. Devices that speak iWARP take their
  /// ports from those of TCP, so that it is another one.
  let verbsPort: UInt16?

  init(directory: String, address: String, verbsPort: UInt16?) {
    self.directory = directory
    self.address = address
    self.verbsPort = verbsPort
  }

  var hasDevice: Bool { verbsPort != nil }

  /// Where it is met over verbs.
  var verbsAddress: String {
    guard let verbsPort, let place = HostPort(address) else { return address }
    return "\(HostPort(host: place.host, port: verbsPort))"
  }

  /// `address|tcp or verbs:port|directory`: a directory may hold any character.
  var text: String { "\(address)|\(verbsPort.map { "verbs:\($0)" } ?? "tcp")|\(directory)" }

  /// Nil where the text is no endpoint.
  init?(_ text: String) {
    let parts = text.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return nil }
    address = String(parts[0])
    let way = parts[1].split(separator: ":")
    verbsPort = way.count == 2 && way[0] == "verbs" ? UInt16(way[1]) : nil
    directory = String(parts[2])
  }

  /// The path at which a member of a view is met. Short, because such paths have little room.
  func path(view: UInt64, id: NodeID) -> String { "\(directory)/\(id)-\(view)" }
}
