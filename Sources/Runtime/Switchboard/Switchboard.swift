// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc
import Synchronization
package import Vocabulary

/// Carries letters between nodes and requests of local clients, on one thread, for a thread that
/// polls. It knows bytes only.
///
/// ```text
/// nodes ──TCP──┐                     ┌─ take ──► polling thread
///              ├─► epoll ─► intake ──┤
/// clients ─Unix┘     ▲               └─ wake()
///                    └── errands: send, answer, forget ◄── polling thread
/// ```
///
/// Letters are datagrams on streams: in order while a connection lives, dropped where the peer
/// cannot be reached or its queue is full. Both sides of a connection between nodes prove the
/// cluster key; nothing is encrypted.
package final class Switchboard: Sendable {
  /// Where it listens for nodes, as the settings say it, with the port that was found.
  package let address: String
  private let settings: SwitchboardSettings
  private let arrivals: Arrivals
  private let errands: Errands
  private let thread: Mutex<SystemThread?>

  /// Listens, and starts the thread. `wake` is called on it when something waits and nothing
  /// waited before; it must not wait, nor call `close`.
  package init(
    _ settings: SwitchboardSettings, wake: @escaping @Sendable () -> Void
  ) throws(FabricError) {
    let place = "\(settings.listenAddress), the address of this node"
    let found = try SocketAddress.resolve(
      settings.listenAddress, of: "this node", allowsAnyPort: true)
    let listener = try Listener.open(
      try settings.guarded(found, place), Listener.Place(place, party: "node"), settings.tcp)
    let address = Self.bound(listener, settings.listenAddress)
    let introduction = try settings.introduction(bound: address)
    let errands = try Errands()
    let arrivals = Arrivals(wake: wake)
    let path: PathListener? =
      if let text = settings.socketPath { try PathListener(text) } else { nil }
    do throws(FabricError) {
      let loop = try SwitchLoop(listener, path, introduction, settings, arrivals, errands)
      thread = Mutex(try SystemThread { loop.run() })
    } catch {
      path?.remove()
      throw error
    }
    self.settings = settings
    self.address = address
    self.errands = errands
    self.arrivals = arrivals
  }

  deinit { close() }

  private static func bound(_ listener: Socket, _ asked: String) -> String {
    guard let text = listener.address(ofPeer: false)?.text, let port = text.lastIndex(of: ":"),
      let end = asked.lastIndex(of: ":")
    else { return asked }
    return String(asked[..<end] + text[port...])
  }

  /// Moves all that waits to the end of `events`, in the order in which it came.
  package func take(into events: inout [SwitchEvent]) {
    if arrivals.take(into: &events) { errands.post(.resume) }
  }

  /// Writes to a node. Never waits, and promises nothing: what cannot be sent is dropped.
  package func send(_ bytes: [UInt8], to peer: Correspondent) {
    check(bytes)
    errands.post(.letter(bytes, peer))
  }

  /// Writes to whoever is at an address, as long as its node is not known. Where that fails,
  /// an event tells it.
  package func sendOnce(_ bytes: [UInt8], to address: String) {
    check(bytes)
    errands.post(.letterOnce(bytes, address: address))
  }

  private func check(_ bytes: [UInt8]) {
    precondition(
      !bytes.isEmpty && bytes.count <= settings.letterBytesMaximum,
      "a letter has 1 to \(settings.letterBytesMaximum) bytes, and this one \(bytes.count)")
  }

  /// Closes the connections with a node, and tells nothing more about it, unless it calls again.
  package func forget(_ id: NodeID) { errands.post(.forget(id)) }

  /// Answers a client; where it is gone, the answer is dropped.
  package func answer(_ connection: ConnectionID, _ bytes: [UInt8]) {
    errands.post(.answer(connection, bytes))
  }

  /// Sends what can be sent at once, closes everything, removes the socket's file, and waits for
  /// the thread to end. Peers see that as the end of this node. Calling again does nothing.
  package func close() {
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    errands.post(.close)
    running.join()
  }
}
