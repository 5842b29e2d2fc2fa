// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Vocabulary

/// All connections to other nodes. Each node dials those that it writes to, so a pair has up to two
/// connections and each carries letters one way.
final class LetterOffice {
  let settings: SwitchboardSettings
  let introduction: NodeIntroduction
  let watch: Watch
  let intake: Intake
  let scratch: Scratch
  private let errands: Errands
  private var acceptor: Acceptor?
  private var guests: [IncomingLink] = []
  private var incoming: [NodeID: [IncomingLink]] = [:]
  private var links: [NodeID: OutgoingLink] = [:]
  /// Links to addresses whose nodes were not known.
  private var anonymous: [OutgoingLink] = []
  private var lookups: [Int: OutgoingLink] = [:]
  /// Links with something under way that has a deadline.
  private var timed: [OutgoingLink] = []
  private var unsent: [OutgoingLink] = []
  private var stalled: [IncomingLink] = []
  private var nextSerial = 0

  init(
    _ listener: Socket, _ introduction: NodeIntroduction, _ settings: SwitchboardSettings,
    _ desk: Desk
  ) {
    self.settings = settings
    self.introduction = introduction
    watch = desk.watch
    intake = desk.intake
    scratch = desk.scratch
    errands = desk.errands
    let acceptor = Acceptor(listener) { [unowned self] in greet($0) }
    self.acceptor = acceptor
    watch.add(acceptor)
  }

  // MARK: - Letters out

  func send(_ bytes: [UInt8], to peer: Correspondent, _ now: UInt64) {
    if let known = links[peer.id], known.address != peer.address {
      known.close(farewell: true)
      links[peer.id] = nil
    }
    let link = links[peer.id] ?? makeLink(peer.address, peer.id)
    links[peer.id] = link
    link.isProbe = false
    send(bytes, on: link, now)
  }

  func sendOnce(_ bytes: [UInt8], to address: String, _ now: UInt64) {
    if let known = anonymous.first(where: { $0.address == address }) {
      return send(bytes, on: known, now)
    }
    if anonymous.count >= settings.anonymousMaximum,
      let oldest = anonymous.min(by: { $0.lastUse < $1.lastUse })
    {
      oldest.close(farewell: true)
      drop(oldest)
    }
    let link = makeLink(address, nil)
    anonymous.append(link)
    send(bytes, on: link, now)
  }

  private func makeLink(_ address: String, _ wanted: NodeID?) -> OutgoingLink {
    nextSerial += 1
    return OutgoingLink(serial: nextSerial, address: address, wanted: wanted, self)
  }

  private func send(_ bytes: [UInt8], on link: OutgoingLink, _ now: UInt64) {
    link.send(bytes, now)
    guard !link.isUnsent else { return }
    link.isUnsent = true
    unsent.append(link)
  }

  /// Sends what the last errands have queued.
  func flush() {
    for link in unsent {
      link.isUnsent = false
      link.flush()
    }
    unsent.removeAll(keepingCapacity: true)
  }

  func forget(_ id: NodeID) {
    links.removeValue(forKey: id)?.close(farewell: true)
    for link in incoming.removeValue(forKey: id) ?? [] { hangUp(link) }
  }

  // MARK: - What links report

  /// The addresses of a link's peer; nil where they have to be looked up first.
  func addresses(of link: OutgoingLink) -> Result<[SocketAddress], FabricError>? {
    let whom = link.wanted.map { "node \($0)" } ?? "a node"
    do throws(FabricError) {
      let found = try SocketAddress.resolve(link.address, of: whom, isNumber: true)
      if !found.isEmpty { return .success(found) }
      lookups[link.serial] = link
      try AddressLookup.start(link.address, of: whom, link: link.serial, errands)
      return nil
    } catch {
      lookups[link.serial] = nil
      return .failure(error)
    }
  }

  func found(_ serial: Int, _ result: Result<[SocketAddress], FabricError>, _ now: UInt64) {
    lookups.removeValue(forKey: serial)?.resolved(result, now)
  }

  func opened(_ link: OutgoingLink) {
    if link.isProbe {
      link.close(farewell: true)
      drop(link)
    } else {
      link.flush()
    }
  }

  func failed(_ link: OutgoingLink, _ failure: Failure, isNew: Bool) {
    guard let id = link.wanted else {
      intake.append(.unanswered(address: link.address, reason: failure.reason))
      return drop(link)
    }
    if isNew {
      intake.append(.unreachable(id, reason: failure.reason, isGone: failure.kind == .gone))
    }
    if link.isProbe { drop(link) }
  }

  func drop(_ link: OutgoingLink) {
    if let id = link.wanted {
      if links[id] === link { links[id] = nil }
    } else {
      anonymous.removeAll { $0 === link }
    }
  }

  /// Looks after a link's deadlines until it is at rest.
  func time(_ link: OutgoingLink) {
    if !timed.contains(where: { $0 === link }) { timed.append(link) }
  }

  func noteRefusal(_ error: FabricError, by address: String) {
    intake.append(.refused(address: address, error))
  }

  // MARK: - Letters in

  private func greet(_ socket: Socket) {
    if guests.count >= settings.guestMaximum { hangUp(guests.removeFirst()) }
    settings.tcp.apply(to: socket)
    let peer = socket.address(ofPeer: true)?.text ?? "an unknown address"
    let handshake = Handshake(
      role: .acceptor, introduction: introduction, key: settings.key, peer: peer)
    let deadline = monotonicNanoseconds() + UInt64(settings.handshakeSeconds) * 1_000_000_000
    let greeting = Greeting(socket, handshake, isConnecting: false, deadline: deadline)
    let guest = IncomingLink(socket, greeting, self)
    guests.append(guest)
    watch.add(guest)
  }

  func welcome(_ link: IncomingLink, _ peer: NodeIntroduction) {
    guests.removeAll { $0 === link }
    incoming[peer.id, default: []].append(link)
    if let oldest = incoming[peer.id]?.first,
      incoming[peer.id]?.count ?? 0 > settings.incomingMaximum
    {
      incoming[peer.id]?.removeFirst()
      hangUp(oldest)
    }
  }

  func noteRefusal(_ error: FabricError, _ greeting: Greeting) {
    switch greeting.handshake.refusal {
    // This node called itself, and the calling side tells it; or the caller looked for a node that
    // was here before, and has learnt that it is gone.
    case .itself, .nodeOther: return
    default: break
    }
    let address = greeting.handshake.peerHello?.introduction?.address ?? ""
    let seen = greeting.socket.address(ofPeer: true)?.text ?? "an unknown address"
    noteRefusal(error, by: address.isEmpty ? seen : address)
  }

  func noteExcess(_ byteCount: Int, _ peer: NodeIntroduction) {
    let error = FabricError(
      .refused,
      "closed the connection of node \(peer.name) (\(peer.id)): it sent a letter of "
        + "\(ByteCount(byteCount)), and \(ByteCount(settings.letterBytesMaximum)) are possible",
      advice: "run the same build of mapred on all nodes")
    noteRefusal(error, by: peer.address)
  }

  /// Whether the link waits until the polling thread has taken its letters.
  func stall(_ link: IncomingLink) -> Bool {
    // What this thread has in hand counts only once it is delivered.
    intake.deliver()
    guard intake.stall() else { return false }
    link.isStalled = true
    stalled.append(link)
    return true
  }

  func resume() {
    for link in stalled {
      link.isStalled = false
      watch.update(link)
    }
    stalled.removeAll()
  }

  /// A connection is over. Where it was a node's last one and the node did not say that it lives
  /// on, this looks whether it does.
  func lose(_ link: IncomingLink, _ peer: NodeIntroduction?, _ reason: String) {
    hangUp(link)
    guard let peer else { return guests.removeAll { $0 === link } }
    incoming[peer.id]?.removeAll { $0 === link }
    guard incoming[peer.id]?.isEmpty ?? false else { return }
    incoming[peer.id] = nil
    if !link.hasFarewell { check(peer) }
  }

  private func check(_ peer: NodeIntroduction) {
    let now = monotonicNanoseconds()
    if let known = links[peer.id] {
      if case .idle = known.phase { known.dial(now) }
    } else if !peer.address.isEmpty {
      let link = makeLink(peer.address, peer.id)
      link.isProbe = true
      links[peer.id] = link
      link.dial(now)
    }
  }

  private func hangUp(_ link: IncomingLink) {
    watch.remove(link)
    link.socket.close()
  }

  // MARK: - Time

  var deadline: UInt64? {
    var least = acceptor?.deadline
    for other in guests.map(\.deadline) + timed.map(\.deadline) {
      if let other { least = min(least ?? other, other) }
    }
    return least
  }

  func tick(_ now: UInt64) {
    acceptor?.tick(now, watch)
    for guest in guests where guest.deadline.map({ $0 <= now }) ?? false {
      lose(guest, nil, "it took too long for the hello")
    }
    guard !timed.isEmpty else { return }
    for link in timed { link.tick(now) }
    timed.removeAll { link in
      switch link.phase {
      case .idle, .open: true
      case .resolving, .greeting, .pausing: false
      }
    }
  }

  func close() {
    flush()
    acceptor?.close(watch)
    for link in guests { hangUp(link) }
    for link in incoming.values.joined() { hangUp(link) }
    for link in Array(links.values) + anonymous { link.close(farewell: false) }
  }
}
