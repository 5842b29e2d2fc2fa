// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// All connections of local clients.
final class ClientDesk {
  let settings: SwitchboardSettings
  let watch: Watch
  let intake: Intake
  let scratch: Scratch
  private let path: PathListener?
  private var acceptor: Acceptor?
  private var clients: [ConnectionID: ClientLink] = [:]
  private var unsent: [ClientLink] = []
  private var nextNumber = 1

  init(_ path: PathListener?, _ settings: SwitchboardSettings, _ desk: Desk) {
    self.settings = settings
    self.path = path
    watch = desk.watch
    intake = desk.intake
    scratch = desk.scratch
    guard let path else { return }
    let acceptor = Acceptor(path.socket) { [unowned self] in welcome($0) }
    self.acceptor = acceptor
    watch.add(acceptor)
  }

  private func welcome(_ socket: Socket) {
    guard LocalSocket.isTrusted(socket.descriptor) else { return }
    guard clients.count < settings.clientMaximum else {
      var farewell = OutgoingFrames()
      farewell.append(settings.crowdedAnswer)
      _ = farewell.flush(to: socket)
      return socket.finish()
    }
    let client = ClientLink(socket, ConnectionID(nextNumber), self)
    nextNumber += 1
    clients[client.id] = client
    watch.add(client)
  }

  /// Hands a request on, or answers that there is no place for it.
  func take(_ request: [UInt8], of client: ClientLink) {
    // It may have been cut off by the request before, which came in the same piece.
    guard client.place != nil else { return }
    guard intake.hasRoomForRequest else { return append(settings.busyAnswer(request), to: client) }
    client.hasAsked = true
    intake.append(.request(client.id, request))
  }

  /// What a client that is gone would have been told is dropped.
  func answer(_ id: ConnectionID, _ bytes: [UInt8]) {
    guard let client = clients[id] else { return }
    append(bytes, to: client)
  }

  private func append(_ bytes: [UInt8], to client: ClientLink) {
    client.outgoing.append(bytes)
    if client.outgoing.count > settings.unreadBytesMaximum {
      client.flush()
      // It does not read what it has asked for.
      if client.outgoing.count > settings.unreadBytesMaximum { return lose(client) }
    }
    guard !client.isUnsent else { return }
    client.isUnsent = true
    unsent.append(client)
  }

  func flush() {
    for client in unsent {
      client.isUnsent = false
      client.flush()
    }
    unsent.removeAll(keepingCapacity: true)
  }

  func lose(_ client: ClientLink) {
    guard clients.removeValue(forKey: client.id) != nil else { return }
    watch.remove(client)
    client.socket.close()
    if client.hasAsked { intake.append(.clientGone(client.id)) }
  }

  var deadline: UInt64? { acceptor?.deadline }

  func tick(_ now: UInt64) { acceptor?.tick(now, watch) }

  func close() {
    flush()
    acceptor?.close(watch)
    path?.remove()
    for client in clients.values {
      watch.remove(client)
      client.socket.finish()
    }
    clients.removeAll()
  }
}

/// The connection of one local client.
final class ClientLink: Watched {
  let socket: Socket
  let id: ConnectionID
  var place: Int?
  var outgoing = OutgoingFrames()
  /// Waits for a turn's answers to be sent together.
  var isUnsent = false
  /// Whether the polling thread knows of it.
  var hasAsked = false
  private var cutter: FrameCutter
  private unowned let desk: ClientDesk

  init(_ socket: Socket, _ id: ConnectionID, _ desk: ClientDesk) {
    self.socket = socket
    self.id = id
    self.desk = desk
    cutter = FrameCutter(bytesMaximum: desk.settings.requestBytesMaximum)
  }

  var descriptor: Int32 { socket.descriptor }
  var interest: Interest { Interest(reading: true, writing: !outgoing.isEmpty) }

  func ready(_ change: Epoll.Change) {
    if change.mayWrite { flush() }
    if change.mayRead || change.isOver { receive() }
  }

  private func receive() {
    let count = desk.scratch.receive(from: socket)
    if count < 0, errno == EAGAIN { return }
    guard count > 0 else { return desk.lose(self) }
    do throws(FrameCutter.Excess) {
      try unsafe cutter.cut(desk.scratch.filled(count)) { desk.take($0, of: self) }
    } catch {
      // Where the next request begins is not known any more.
      desk.lose(self)
    }
  }

  func flush() {
    guard place != nil, !outgoing.isEmpty else { return }
    guard outgoing.flush(to: socket) == 0 else { return desk.lose(self) }
    desk.watch.update(self)
  }
}
