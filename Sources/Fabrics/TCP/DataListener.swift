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
    let made = try listen(found, settings, backlog: backlog, "\(text), the address of \(whom),")
    return try DataListener(text, made)
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
    let place = "\(formation.address), the address of \(formation.rank),"
    return try listen(addresses, settings, backlog: 128, place)
  }

  private static func listen(
    _ addresses: [SocketAddress], _ settings: TCPSettings, backlog: Int32, _ place: String
  ) throws(FabricError) -> Descriptor {
    var failure: Int32 = 0
    for address in addresses {
      guard let socket = Socket(for: address) else {
        failure = errno
        continue
      }
      socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
      settings.applyBuffers(to: socket)
      if unsafe address.with({ unsafe bind(socket.descriptor, $0, $1) }) == 0,
        Glibc.listen(socket.descriptor, backlog) == 0
      {
        return Descriptor(socket.release())
      }
      failure = errno
    }
    throw error(failure, place)
  }

  private static func error(_ code: Int32, _ place: String) -> FabricError {
    switch code {
    case EADDRINUSE:
      return FabricError(
        .address, "\(place) is in use",
        advice: "end the program that listens there (ss -ltnp shows it), or give the member "
          + "another port")
    case EADDRNOTAVAIL:
      return FabricError(
        .address, "\(place) is not an address of this host",
        advice: "start the rank on the host that has it (ip address shows them)")
    default:
      return FabricError(
        .address, "\(place) cannot be listened on: \(errorText(code))",
        advice: code == EACCES ? "use a port of 1024 or above" : nil)
    }
  }
}
