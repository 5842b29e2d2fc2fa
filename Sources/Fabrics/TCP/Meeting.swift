// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Vocabulary

/// Brings the members of a group together: each calls those of lower rank and listens for those of
/// higher rank, in whatever order they start. Strangers who connect have a few seconds for the
/// hello, and nobody waits for them.
final class Meeting {
  /// Connections that are in their hello at the same time; the oldest gives way.
  private static let guestMaximum = 256

  private let formation: Formation
  private let settings: TCPSettings
  private let deadline: UInt64
  private let listener: Descriptor?
  private var callers: [Caller]
  private var guests: [Greeting] = []
  private var joined: [Socket?]
  /// The last that was heard of a rank that is not here.
  private var notes: [String?]

  init(_ formation: Formation, _ settings: TCPSettings) throws(FabricError) {
    self.formation = formation
    self.settings = settings
    deadline = monotonicNanoseconds() + UInt64(max(formation.timeoutSeconds, 0)) * 1_000_000_000
    joined = formation.addresses.map { _ in nil }
    notes = formation.addresses.map { _ in nil }
    var callers: [Caller] = []
    let mine = try Self.resolve(formation, formation.rank)
    for rank in formation.peers where rank < formation.rank {
      callers.append(Caller(rank, at: try Self.resolve(formation, rank)))
    }
    self.callers = callers
    let isLast = formation.peers.allSatisfy { $0 < formation.rank }
    if let open = formation.listener {
      try Self.check(open, formation)
      listener = open.descriptor
    } else {
      listener = isLast ? nil : try DataListener.once(mine, formation, settings)
    }
  }

  /// Without a key, nobody from outside of this host is heard.
  private static func check(
    _ listener: DataListener, _ formation: Formation
  ) throws(FabricError) {
    guard formation.key == nil, !listener.isLoopback else { return }
    throw FabricError(
      .configuration,
      "\(formation.rank) listens at \(listener.address), which can be reached from other hosts, "
        + "and there is no cluster key",
      advice: "give all members one key file, or listen at 127.0.0.1")
  }

  /// The addresses of a rank. Without a key, nothing outside of this host is talked to.
  private static func resolve(
    _ formation: Formation, _ rank: Rank
  ) throws(FabricError) -> [SocketAddress] {
    let text = formation.addresses[rank.index]
    let found = try SocketAddress.resolve(text, of: "\(rank)")
    guard formation.key == nil, let open = found.first(where: { !$0.isLoopback }) else {
      return found
    }
    throw FabricError(
      .configuration,
      "\(text), the address of \(rank), can be reached from other hosts (\(open.text)), "
        + "and there is no cluster key",
      advice: "give all members one key file, or use addresses of this host: 127.0.0.1:PORT")
  }

  /// A socket for each peer, by rank; all of them have proven the key.
  func run() throws(FabricError) -> [Socket?] {
    while !isDone { try step(milliseconds: UInt64(Formation.tickMilliseconds)) }
    return joined
  }

  var missing: RankSet { RankSet(formation.peers.filter { joined[$0.index] == nil }) }
  var isDone: Bool { missing.isEmpty }
  /// What `run` returns.
  var sockets: [Socket?] { joined }

  /// Does what can be done; waits at most so long for something.
  func step(milliseconds: UInt64) throws(FabricError) {
    try formation.checkCancellation()
    let now = monotonicNanoseconds()
    guard now < deadline else { throw timeout() }
    for index in callers.indices where joined[callers[index].rank.index] == nil {
      callers[index].call(now, formation, settings)
    }
    guests.removeAll { $0.deadline <= now }
    wait(now, milliseconds)
    dropWhoLeft()
    welcome()
    for index in callers.indices { try advance(index) }
    for guest in guests { advance(guest) }
  }

  /// Sleeps until something can be done, but not past the next call.
  private func wait(_ now: UInt64, _ milliseconds: UInt64) {
    var states: [pollfd] = []
    func watch(_ descriptor: Int32, _ events: Int32) {
      states.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
    }
    if let listener { watch(listener.number, POLLIN) }
    for greeting in callers.compactMap(\.greeting) + guests {
      watch(greeting.socket.descriptor, greeting.wantsToWrite ? POLLOUT : POLLIN)
    }
    for socket in joined.compactMap({ $0 }) {
      watch(socket.descriptor, Int32(mapred_epoll_hangup))
    }
    var limit = min(deadline - now, milliseconds * 1_000_000)
    for caller in callers where caller.greeting == nil && joined[caller.rank.index] == nil {
      limit = min(limit, caller.nextCall > now ? caller.nextCall - now : 0)
    }
    _ = unsafe poll(&states, nfds_t(states.count), Int32((limit + 999_999) / 1_000_000))
  }

  /// A member that went away while the group formed may come back.
  private func dropWhoLeft() {
    for index in joined.indices {
      guard let socket = joined[index] else { continue }
      var state = pollfd(
        fd: socket.descriptor, events: Int16(mapred_epoll_hangup), revents: 0)
      guard unsafe poll(&state, 1, 0) > 0, state.revents != 0 else { continue }
      joined[index] = nil
      notes[index] = "it came, and left again"
    }
  }

  private var expected: RankSet {
    RankSet(formation.peers.filter { $0 > formation.rank && joined[$0.index] == nil })
  }

  private func welcome() {
    guard let listener else { return }
    while let socket = Socket.accept(from: listener.number) {
      if guests.count >= Self.guestMaximum { guests.removeFirst() }
      settings.apply(to: socket)
      let handshake = Handshake(
        role: .acceptor, mine: Hello(formation), key: formation.key, expected: expected,
        peer: socket.address(ofPeer: true)?.text ?? "an unknown address")
      let deadline = monotonicNanoseconds() + UInt64(settings.helloMilliseconds) * 1_000_000
      guests.append(Greeting(socket, handshake, isConnecting: false, deadline: deadline))
    }
  }

  private func advance(_ guest: Greeting) {
    guest.handshake.expected = expected
    switch guest.advance() {
    case .pending: return
    case .joined(let hello):
      joined[hello.rank] = guest.socket
      notes[hello.rank] = nil
      guests.removeAll { $0 === guest }
    case .refused(let error):
      // It stays for a moment, so that it can read why.
      guard let rank = guest.handshake.peerHello?.rank, notes.indices.contains(rank) else { return }
      if joined[rank] == nil { notes[rank] = error.message }
    case .lost: guests.removeAll { $0 === guest }
    }
  }

  private func advance(_ index: Int) throws(FabricError) {
    let rank = callers[index].rank
    guard let greeting = callers[index].greeting else { return }
    switch greeting.advance() {
    case .pending:
      if greeting.deadline <= monotonicNanoseconds() { callers[index].lose("it does not answer") }
    case .joined(let found):
      precondition(found.rank == rank.index, "a handshake took in a rank that it did not expect")
      joined[rank.index] = greeting.socket
      callers[index].greeting = nil
    case .refused(let error):
      greeting.socket.finish()
      guard error.code == .epoch else { throw error }
      // One of the two is ahead, and the other will follow.
      callers[index].lose(toRefusal: error.message)
    case .lost(let reason): callers[index].lose(reason)
    }
    notes[rank.index] = callers[index].reason
  }

  private func timeout() -> FabricError {
    let absent = formation.peers.filter { joined[$0.index] == nil }
    let list = absent.map { rank in
      let note = notes[rank.index] ?? (rank < formation.rank ? "not called yet" : "it did not call")
      return "\(rank) at \(formation.addresses[rank.index]) (\(note))"
    }
    var error = FabricError(
      .timeout,
      "\(absent.count) of \(formation.addresses.count) members did not come within "
        + "\(formation.timeoutSeconds) s: \(list.joined(separator: ", "))",
      advice: "start all members, and check addresses and firewalls")
    error.missing = RankSet(absent)
    return error
  }
}
