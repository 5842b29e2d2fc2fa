// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc

/// The socket that others connect to.
package enum Listener {
  /// What the address is called in errors: `127.0.0.1:7000, the address of rank 0`.
  package struct Place: Sendable {
    let text: String
    let party: String

    package init(_ text: String, party: String) {
      self.text = text
      self.party = party
    }
  }

  /// Listens at the first of the addresses where that is possible.
  package static func open(
    _ addresses: [SocketAddress], _ place: Place, _ settings: TCPSettings, backlog: Int32 = 128
  ) throws(FabricError) -> Socket {
    var failure: Int32 = 0
    for address in addresses {
      guard let socket = Socket(for: address) else {
        failure = errno
        continue
      }
      socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
      settings.applyBuffers(to: socket)
      if unsafe address.with({ unsafe bind(socket.descriptor, $0, $1) }) == 0,
        listen(socket.descriptor, backlog) == 0
      {
        return socket
      }
      failure = errno
    }
    throw error(failure, place)
  }

  private static func error(_ code: Int32, _ place: Place) -> FabricError {
    switch code {
    case EADDRINUSE:
      return FabricError(
        .address, "\(place.text), is in use",
        advice: "end the program that listens there (ss -ltnp shows it), or give the "
          + "\(place.party) another port")
    case EADDRNOTAVAIL:
      return FabricError(
        .address, "\(place.text), is not an address of this host",
        advice: "start the \(place.party) on the host that has it (ip address shows them)")
    default:
      return FabricError(
        .address, "\(place.text), cannot be listened on: \(errorText(code))",
        advice: code == EACCES ? "use a port of 1024 or above" : nil)
    }
  }
}
