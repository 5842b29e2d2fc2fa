// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc

/// A socket that listens for as long as a process likes, for all groups that it forms one after the
/// other: members of the next one may connect before this member begins to form it, and wait.
package final class DataListener: Sendable {
  /// `host:port` as it was given, with the port that the system chose where that was 0.
  package let address: String
  package let port: Int
  /// Whether only this host can reach it.
  let isLoopback: Bool
  let descriptor: Descriptor

  /// Connections that wait until somebody forms a group; the system may allow fewer.
  private static let backlog: Int32 = 1024

  /// Listens at `host:port`.
  package static func open(
    _ text: String, settings: TCPSettings = TCPSettings()
  ) throws(FabricError) -> DataListener {
    let whom = "this member"
    let found = try SocketAddress.resolve(text, of: whom, allowsAnyPort: true)
    let place = Listener.Place("\(text), the address of \(whom)", party: "member")
    let made = try Listener.open(found, place, settings, backlog: backlog)
    return try DataListener(text, Descriptor(made.release()))
  }

  private init(_ text: String, _ made: Descriptor) throws(FabricError) {
    let bound = unsafe SocketAddress { unsafe getsockname(made.number, $0, $1) }
    guard let bound, let colon = text.lastIndex(of: ":") else {
      throw .system("cannot tell where a socket listens", errno)
    }
    descriptor = made
    port = bound.port
    isLoopback = bound.isLoopback
    address = text[...colon] + "\(port)"
  }

  /// A socket that listens for one group.
  static func once(
    _ addresses: [SocketAddress], _ formation: Formation, _ settings: TCPSettings
  ) throws(FabricError) -> Descriptor {
    let place = "\(formation.address), the address of \(formation.rank)"
    return Descriptor(
      try Listener.open(addresses, Listener.Place(place, party: "member"), settings).release())
  }
}
