// SPDX-License-Identifier: Apache-2.0
import CSystem
import Fabrics
import Glibc
import Synchronization

/// Listens for HTTP, and serves each connection on a thread of its own: their number is bounded,
/// and what they do is wait.
final class HTTPServer: Sendable {
  private struct State {
    /// By number: the descriptors of open connections.
    var open: [Int: Int32] = [:]
    var last = 0
    var isClosed = false
  }

  /// Where it listens, with the port that was found.
  let address: String
  private let service: HTTPService
  private let state = Mutex(State())
  private let bell: Descriptor
  private let listening: Mutex<SystemThread?>

  init(
    _ place: HostPort, hasKey: Bool, _ service: HTTPService
  ) throws(FabricError) {
    let text = "\(place), the address for HTTP of this node"
    let found = try SocketAddress.resolve(
      place.description, of: "the HTTP server of this node", allowsAnyPort: true)
    if !hasKey, let open = found.first(where: { !$0.isLoopback }) {
      throw FabricError(
        .configuration,
        "\(text), can be reached from other hosts (\(open.text)), and there is no cluster key",
        advice: "set cluster.key-file, or use an address of this host: 127.0.0.1:PORT")
    }
    let listener = try Listener.open(found, Listener.Place(text, party: "node"), TCPSettings())
    let port = listener.address(ofPeer: false).flatMap { HostPort($0.text)?.port } ?? place.port
    address = HostPort(host: place.host, port: port).description
    let number = mapred_event()
    guard number >= 0 else { throw .system("cannot make an event counter", errno) }
    bell = Descriptor(number)
    self.service = service
    listening = Mutex(nil)
    let descriptor = listener.release()
    do throws(FabricError) {
      let thread = try SystemThread { self.listen(Socket(owning: descriptor)) }
      listening.withLock { $0 = thread }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  private func listen(_ listener: Socket) {
    while !state.withLock({ $0.isClosed }) {
      var places = [
        pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0),
      ]
      guard unsafe poll(&places, 2, -1) > 0, places[0].revents != 0 else { continue }
      guard let socket = Socket.accept(from: listener.descriptor) else {
        // Without descriptors nobody can be taken in: others give some back.
        if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { usleep(100_000) }
        continue
      }
      welcome(socket)
    }
  }

  private func welcome(_ socket: Socket) {
    let limits = service.limits
    let entered = state.withLock { state -> (number: Int, isSurplus: Bool)? in
      guard state.open.count < limits.connections + limits.surplus else { return nil }
      state.last += 1
      state.open[state.last] = socket.descriptor
      return (state.last, state.open.count > limits.connections)
    }
    guard let (number, isSurplus) = entered else {
      _ = socket.send(Self.farewell[...])
      return socket.finish()
    }
    let descriptor = socket.release()
    do throws(FabricError) {
      let thread = try SystemThread { self.serve(descriptor, number, isSurplus: isSurplus) }
      thread.detach()
    } catch {
      leave(number)
      Glibc.close(descriptor)
    }
  }

  private static let farewell =
    Array(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
        .utf8) + Array("Connection: close\r\n\r\n".utf8)

  private func serve(_ descriptor: Int32, _ number: Int, isSurplus: Bool) {
    let socket = Socket(owning: descriptor)
    service.serve(HTTPLink(socket, service.limits), isSurplus: isSurplus)
    // Before it is closed: its number may be another descriptor's then.
    leave(number)
    socket.close()
  }

  private func leave(_ number: Int) { state.withLock { $0.open[number] = nil } }

  /// Waits until no connection is left, at most so long. True where none is.
  private func drain(milliseconds: Int) -> Bool {
    for _ in 0..<max(1, milliseconds / 5) {
      if state.withLock({ $0.open.isEmpty }) { return true }
      usleep(5000)
    }
    return false
  }

  /// Takes nobody in any more, answers what waits, and ends all connections.
  func close() {
    let running = listening.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    service.close()
    state.withLock { $0.isClosed = true }
    var one: UInt64 = 1
    _ = unsafe write(bell.number, &one, 8)
    running.join()
    service.gateway.close()
    // Who reads the next request reads its end; who writes an answer goes on.
    shut(SHUT_RD)
    if drain(milliseconds: 2000) { return }
    shut(SHUT_RDWR)
    _ = drain(milliseconds: 1000)
  }

  private func shut(_ how: Int) {
    state.withLock { state in
      for descriptor in state.open.values { shutdown(descriptor, Int32(how)) }
    }
  }
}
