// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Memory
import Vocabulary

/// Brings a group together over verbs: each member connects to those of lower rank and is found by
/// those of higher rank.
///
/// Over a new connection the two do the handshake, in messages; only then each tells the other
/// where its memory is. The end that connects speaks first, as iWARP wants it.
final class VerbsFormation {
  private static let attemptNanoseconds: UInt64 = 50_000_000
  private static let resolveMilliseconds: Int32 = 2000
  /// How long the other end of a connection may take to say who it is.
  private static let meetingNanoseconds: UInt64 = 10_000_000_000
  private static let partingNanoseconds: UInt64 = 1_000_000_000

  private let formation: Formation
  private let link: VerbsLink
  /// By rank, of peers that are there.
  private(set) var peers: [VerbsConnection?]
  /// By rank: the address of a peer of lower rank, when to try it next, what happened last.
  private var targets: [VerbsAddress?]
  private var nextAttempts: [UInt64]
  private var lastFailures: [String?]
  private var lastRefusal: FabricError?
  private var fatal: FabricError?

  init(_ formation: Formation, _ link: VerbsLink) throws(FabricError) {
    self.formation = formation
    self.link = link
    let count = formation.plan.segments.count
    peers = Array(repeating: nil, count: count)
    nextAttempts = Array(repeating: 0, count: count)
    lastFailures = Array(repeating: nil, count: count)
    targets = Array(repeating: nil, count: count)
    for rank in 0..<formation.rank.index {
      targets[rank] = try VerbsAddress(formation, Rank(rank))
    }
  }

  private var missing: RankSet {
    RankSet(formation.peers.filter { peers[$0.index] == nil })
  }

  /// Returns when all peers are there; throws where one refuses, or some do not come in time.
  func run() throws(FabricError) {
    let deadline = monotonicNanoseconds() + UInt64(formation.timeoutSeconds) * 1_000_000_000
    while !missing.isEmpty {
      try formation.checkCancellation()
      connectWhereDue()
      link.flush()
      link.completions.notify()
      if !takeAll() {
        _ = link.wait(nanoseconds: UInt64(Formation.tickMilliseconds) * 1_000_000)
        _ = takeAll()
      }
      dropStale()
      if let fatal { throw settled(fatal) }
      if monotonicNanoseconds() >= deadline { throw timeout() }
    }
    link.stopListening()
    for connection in link.connections
    where connection.rank.map({ peers[$0.index] !== connection }) ?? true {
      link.remove(connection)
    }
  }

  private func takeAll() -> Bool {
    var isAny = false
    while let (event, connection) = unsafe link.nextEvent() {
      isAny = true
      unsafe handle(event, connection)
    }
    if link.takeCompletions({ take($1, from: $0) }) { isAny = true }
    for connection in link.connections {
      if connection.phase == .over { lose(connection, connection.failure ?? "it was closed") }
    }
    return isAny
  }

  /// Gives last messages a moment to leave.
  private func settled(_ error: FabricError) -> FabricError {
    let deadline = monotonicNanoseconds() + Self.partingNanoseconds / 2
    while monotonicNanoseconds() < deadline,
      link.connections.contains(where: { $0.phase == .parting && !$0.isQuiet })
    {
      link.flush()
      _ = link.wait(nanoseconds: 10_000_000)
      _ = takeAll()
    }
    return error
  }

  // MARK: Connecting

  private func connectWhereDue() {
    let now = monotonicNanoseconds()
    for rank in missing where rank < formation.rank {
      guard let target = targets[rank.index], nextAttempts[rank.index] <= now,
        !link.connections.contains(where: { $0.rank == rank && $0.isInitiator })
      else { continue }
      nextAttempts[rank.index] = now + Self.attemptNanoseconds
      do throws(FabricError) {
        try connect(rank, target, now)
      } catch {
        lastFailures[rank.index] = error.message
      }
    }
  }

  private func connect(
    _ rank: Rank, _ target: VerbsAddress, _ now: UInt64
  ) throws(FabricError) {
    let identifier = try VerbsIdentifier(link.channel)
    let handshake = Handshake(
      role: .initiator, mine: Hello(formation, extra: Self.transport), key: formation.key,
      expected: RankSet([rank]), peer: "\(rank) at \(target.text)")
    guard let connection = link.add(identifier, handshake, began: now) else { return }
    connection.rank = rank
    let status = identifier.resolve(
      from: link.address.anyPort, to: target, milliseconds: Self.resolveMilliseconds)
    if status != 0 { lose(connection, errorText(status)) }
  }

  /// What the hello says besides: over what the two have met.
  private static let transport = Array("verbs".utf8)

  private func handle(_ event: mapred_verbs_event, _ connection: VerbsConnection?) {
    if unsafe Int(event.kind) == mapred_verbs_event_request {
      if let handle = unsafe event.id { unsafe accept(handle) }
      return
    }
    guard let connection, connection.phase != .over else { return }
    let status = unsafe event.status
    switch unsafe Int(event.kind) {
    case mapred_verbs_event_address_resolved:
      let handle = unsafe connection.identifier.handle
      // Devices that do not know the option keep their own time.
      _ = unsafe mapred_verbs_set_ack_timeout(handle, VerbsLink.ackTimeoutExponent)
      connection.phase = .resolvingRoute
      let status = unsafe mapred_verbs_resolve_route(handle, Self.resolveMilliseconds)
      if status != 0 { lose(connection, errorText(status)) }
    case mapred_verbs_event_route_resolved: connectPair(connection)
    case mapred_verbs_event_established:
      guard connection.isInitiator, connection.phase == .connecting else { return }
      connection.phase = .meeting
      if let hello = connection.handshake.start() { connection.sendHello(hello) }
    case mapred_verbs_event_address_failed, mapred_verbs_event_route_failed:
      lose(connection, "no way leads there from \(link.address.text)")
    case mapred_verbs_event_rejected: lose(connection, Self.nobodyListens)
    case mapred_verbs_event_unreachable, mapred_verbs_event_connect_failed:
      lose(connection, "no answer (\(errorText(-status)))")
    case mapred_verbs_event_disconnected, mapred_verbs_event_device_removed:
      if connection.phase == .ready {
        connection.end("its connection was closed")
      } else {
        lose(connection, "it closed the connection")
      }
    default: break
    }
  }

  private static let nobodyListens = "nobody listens there"

  private func connectPair(_ connection: VerbsConnection) {
    do throws(FabricError) {
      try connection.openPair()
    } catch {
      fatal = fatal ?? error
      return
    }
    connection.phase = .connecting
    let status = unsafe mapred_verbs_connect(connection.identifier.handle, VerbsLink.retries)
    guard status != 0 else { return }
    // Over iWARP the call itself says so; over RoCE an event.
    lose(
      connection, status == ECONNREFUSED ? Self.nobodyListens : errorText(status))
  }

  private func accept(_ handle: OpaquePointer) {
    let identifier = unsafe VerbsIdentifier(link.channel, adopting: handle)
    let handshake = Handshake(
      role: .acceptor, mine: Hello(formation, extra: Self.transport), key: formation.key,
      expected: RankSet(), peer: "a member that connected to \(link.address.text)")
    guard
      let connection = link.add(identifier, handshake, began: monotonicNanoseconds())
    else {
      _ = unsafe mapred_verbs_reject(handle)
      return
    }
    _ = unsafe mapred_verbs_set_ack_timeout(handle, VerbsLink.ackTimeoutExponent)
    do throws(FabricError) {
      try connection.openPair()
    } catch {
      fatal = fatal ?? error
      return
    }
    connection.phase = .meeting
    if unsafe mapred_verbs_accept(handle, VerbsLink.retries) != 0 {
      lose(connection, "it did not wait")
    }
  }

  /// Drops a connection; a peer of lower rank is tried again.
  private func lose(_ connection: VerbsConnection, _ reason: String) {
    if let rank = connection.rank {
      if peers[rank.index] === connection { return }
      lastFailures[rank.index] = reason
    }
    link.remove(connection)
  }

  private func dropStale() {
    let now = monotonicNanoseconds()
    for connection in link.connections {
      let age = now - connection.began
      switch connection.phase {
      case .ready, .over: break
      case .parting:
        if connection.isQuiet || age > Self.partingNanoseconds {
          let reason = connection.rank.flatMap { lastFailures[$0.index] }
          lose(connection, reason ?? "it was refused")
        }
      default:
        if age > Self.meetingNanoseconds { lose(connection, "it did not say who it is") }
      }
    }
  }

  // MARK: Meeting

  private func take(_ message: VerbsMessage, from connection: VerbsConnection) {
    switch (message.kind, connection.phase) {
    case (.hello, .meeting): meet(connection, message.body)
    // The end that accepts may be told before it has heard that the connection stands.
    case (.hello, .connecting): meet(connection, message.body)
    case (.memory, .exchanging): finish(connection, message.body)
    case (.bell, .ready), (.credit, _), (_, .parting): break
    case (.goodbye, _): connection.end("it has left")
    default: connection.end("it spoke out of turn")
    }
  }

  private func meet(_ connection: VerbsConnection, _ bytes: [UInt8]) {
    if !connection.isInitiator {
      connection.handshake.expected = RankSet(missing.filter { $0 > formation.rank })
    }
    switch bytes.withBytes({ connection.handshake.receive($0) }) {
    case .needs: break
    case .send(let answer): connection.sendHello(answer)
    case .done(let hello, let answer):
      let rank = Rank(hello.rank)
      connection.rank = rank
      if let answer { connection.sendHello(answer) }
      guard hello.extra == Self.transport else {
        refuse(
          connection,
          FabricError(
            .refused, "\(rank) uses another transport, this member verbs",
            advice: "give all members the same transport"))
        return
      }
      let memory = RemoteMemory(
        base: UInt64(link.memory.mapping.address), size: UInt64(link.layout.byteCount),
        key: link.memory.remoteKey)
      connection.send(VerbsMessage(.memory, body: memory.encoded))
      connection.phase = .exchanging
    case .refuse(let error, let answer):
      if let answer { connection.sendHello(answer) }
      refuse(connection, error)
    }
  }

  /// Who looked for a peer and found another gives up; who was found by a stranger goes on waiting.
  private func refuse(_ connection: VerbsConnection, _ error: FabricError) {
    connection.phase = .parting
    connection.began = monotonicNanoseconds()
    if connection.isInitiator, error.code == .epoch, let rank = connection.rank {
      // One of the two is ahead, and the other will follow: it is called again.
      lastFailures[rank.index] = error.message
      nextAttempts[rank.index] = connection.began + Self.attemptNanoseconds
    } else if connection.isInitiator {
      fatal = fatal ?? error
    } else {
      lastRefusal = error
    }
  }

  private func finish(_ connection: VerbsConnection, _ body: [UInt8]) {
    guard let rank = connection.rank, let memory = RemoteMemory(decoding: body),
      memory.size == UInt64(link.layout.byteCount)
    else {
      connection.end("it told of memory of another size")
      return
    }
    guard peers[rank.index] == nil else {
      connection.end("it came twice")
      return
    }
    connection.remote = memory
    connection.phase = .ready
    peers[rank.index] = connection
  }

  // MARK: Nobody comes

  private func timeout() -> FabricError {
    let reasons = missing.map { rank in
      let address = formation.addresses[rank.index]
      guard rank < formation.rank else { return "\(rank) (\(address)) did not connect" }
      let reason = lastFailures[rank.index] ?? "no answer"
      let hint = reason == Self.nobodyListens && answersOverTCP(rank)
      return "\(rank) (\(address)): " + (hint ? "it answers over TCP, not over verbs" : reason)
    }
    let refusal = lastRefusal.map { "; besides, this member \($0.message)" } ?? ""
    return FabricError(
      .timeout,
      "ranks \(missing) are missing after \(formation.timeoutSeconds) s: "
        + reasons.joined(separator: "; ") + refusal,
      advice: "start all members, with transport verbs and the same addresses")
  }

  /// Whether somebody accepts TCP connections where a member should be.
  private func answersOverTCP(_ rank: Rank) -> Bool {
    guard let target = targets[rank.index] else { return false }
    let family = target.bytes.count == MemoryLayout<sockaddr_in6>.size ? AF_INET6 : AF_INET
    let descriptor = socket(
      family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { _ = Glibc.close(descriptor) }
    // From the address that verbs would use, so that the same ways lead there.
    _ = unsafe link.address.anyPort.with { unsafe bind(descriptor, $0, $1) }
    if unsafe target.with({ unsafe Glibc.connect(descriptor, $0, $1) }) == 0 { return true }
    guard errno == EINPROGRESS else { return false }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&waiting, 1, 1000) > 0 else { return false }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    _ = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    return code == 0
  }
}
