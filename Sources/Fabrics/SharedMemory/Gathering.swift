// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Vocabulary

/// A peer that has said hello: its socket, its segment and its doorbell.
struct JoinedPeer {
  let rank: Rank
  let socket: Descriptor
  let segment: MemoryFile
  let doorbell: MemoryFile
  /// What the doorbell signals, if it does.
  let event: Descriptor?
}

/// Brings the members of one machine together. Each listens at its own path; of each two the one
/// with the higher rank connects, again and again until the other is there. So they may be started
/// in any order. Who has begun to listen knocks at those of higher rank, by a connection without a
/// word: they call at once then, and nobody waits for the next attempt.
struct Gathering {
  /// A connection over which no hello has come.
  private struct Pending {
    let socket: Descriptor
    /// Whom this member called; nil where it was called.
    let called: Rank?
  }

  private let formation: Formation
  private let files: [Descriptor]
  private let listener: Descriptor
  private var pending: [Pending] = []
  private var joined: [JoinedPeer?]
  /// When each member of lower rank is called next.
  private var nextCalls: [UInt64]
  /// Another epoch that somebody formed whom this member met.
  private var otherEpoch: UInt64?

  private var deadline: UInt64 = 0

  private static let retryNanoseconds: UInt64 = 10_000_000

  init(_ formation: Formation, segment: MemoryFile, doorbell: Doorbell) throws(FabricError) {
    try LocalSocket.check(formation.address)
    for rank in formation.peers { try LocalSocket.check(formation.addresses[rank.index]) }
    self.formation = formation
    files = [segment.descriptor, doorbell.file.descriptor] + (doorbell.event.map { [$0] } ?? [])
    joined = Array(repeating: nil, count: formation.plan.segments.count)
    nextCalls = Array(repeating: 0, count: formation.plan.segments.count)
    listener = try LocalSocket.listen(formation.address)
  }

  var missing: RankSet {
    RankSet(formation.peers.filter { joined[$0.index] == nil })
  }

  /// Waits for all members. The own socket file is removed at the end: nobody needs it any more.
  mutating func run() throws(FabricError) -> [JoinedPeer] {
    defer { end() }
    try begin()
    while !isDone { try step(milliseconds: Formation.tickMilliseconds) }
    return peers
  }

  /// Lets the others know that this member listens.
  mutating func begin() throws(FabricError) {
    let limit = UInt64(max(formation.timeoutSeconds, 0)) * 1_000_000_000
    deadline = monotonicNanoseconds() &+ limit
    try knock()
  }

  /// Does what can be done; waits at most so long for something.
  mutating func step(milliseconds: Int32) throws(FabricError) {
    try formation.checkCancellation()
    guard monotonicNanoseconds() < deadline else { throw timeout }
    try callMissing()
    waitForNews(milliseconds)
    while let socket = LocalSocket.accept(listener) {
      pending.append(Pending(socket: socket, called: nil))
    }
    try hear()
  }

  var isDone: Bool { missing.isEmpty }
  var peers: [JoinedPeer] { joined.compactMap { $0 } }

  /// Tells the members with higher ranks that this one listens now.
  private func knock() throws(FabricError) {
    for rank in formation.peers where rank > formation.rank {
      _ = try LocalSocket.connect(formation.addresses[rank.index])
    }
  }

  /// Calls the missing members with lower ranks, where it is time.
  private mutating func callMissing() throws(FabricError) {
    let now = monotonicNanoseconds()
    for rank in missing where rank < formation.rank && nextCalls[rank.index] <= now {
      guard !pending.contains(where: { $0.called == rank }) else { continue }
      nextCalls[rank.index] = now + Self.retryNanoseconds
      guard case .made(let socket) = try LocalSocket.connect(formation.addresses[rank.index])
      else { continue }
      guard LocalSocket.isTrusted(socket) else {
        throw FabricError(
          .refused, "\(formation.addresses[rank.index]) belongs to another user",
          advice: "run all members as one user")
      }
      let hello = SharedHello(formation, to: rank)
      if LocalSocket.send(hello.bytes, files, to: socket) == 0 {
        pending.append(Pending(socket: socket, called: rank))
      }
    }
  }

  private func waitForNews(_ milliseconds: Int32) {
    var places = ([listener] + pending.map(\.socket)).map {
      pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
    }
    _ = unsafe poll(&places, nfds_t(places.count), milliseconds)
  }

  /// Reads what came over connections that are new.
  private mutating func hear() throws(FabricError) {
    var silent: [Pending] = []
    for connection in pending {
      switch LocalSocket.receive(SharedHello.byteCount, from: connection.socket) {
      case .nothing: silent.append(connection)
      case .end:
        // Somebody knocked, perhaps.
        if connection.called == nil { nextCalls = nextCalls.map { _ in 0 } }
      case .bytes(let bytes, let files):
        // Who says something else is not a member, and is left alone.
        guard let hello = SharedHello(bytes) else { continue }
        try take(hello, files, connection)
      }
    }
    pending = silent
  }

  private mutating func take(
    _ hello: SharedHello, _ files: [Descriptor], _ connection: Pending
  ) throws(FabricError) {
    let isOfEpoch = hello.epoch == formation.epoch
    if connection.called == nil {
      // The answer goes out before this member judges, so that both sides are told.
      var answer = SharedHello(formation, to: Rank(min(hello.rank, Limits.members - 1)))
      answer.isTaken = isOfEpoch && isTaken(hello.rank)
      let files = isOfEpoch ? self.files : []
      guard LocalSocket.send(answer.bytes, files, to: connection.socket) == 0 else { return }
      if answer.isTaken { return }
    }
    if hello.version == SharedHello.version, !isOfEpoch {
      // One of the two is ahead, and the other will follow: they try again.
      otherEpoch = hello.epoch
      return
    }
    if let refusal = hello.refusal(by: formation) { throw refusal }
    if let called = connection.called, called.index != hello.rank {
      throw FabricError(
        .refused,
        "rank \(hello.rank) answers at \(formation.addresses[called.index]), the "
          + "address of \(called)",
        advice: "give all members the same list of addresses, in the same order")
    }
    let rank = Rank(hello.rank)
    guard formation.peers.contains(rank) else {
      throw FabricError(
        .refused, "\(rank) came to share memory, but is said to be on another host",
        advice: "start all members with the same names of hosts")
    }
    let bytes = formation.plan.segments[rank.index].byteCount
    guard files.count == self.files.count,
      let segment = MemoryFile.received(files[0], byteCount: bytes),
      let doorbell = MemoryFile.received(files[1], byteCount: Doorbell.byteCount)
    else {
      throw FabricError(
        .refused, "\(rank) sent no memory of the size that was agreed on",
        advice: "start all members from one version of the program")
    }
    joined[rank.index] = JoinedPeer(
      rank: rank, socket: connection.socket, segment: segment, doorbell: doorbell,
      event: files.count > 2 ? files[2] : nil)
  }

  /// Whether there is such a member already, and it lives.
  private func isTaken(_ index: Int) -> Bool {
    guard index < joined.count, let peer = joined[index] else { return false }
    var place = pollfd(fd: peer.socket.number, events: 0, revents: 0)
    return unsafe poll(&place, 1, 0) == 0
  }

  private var timeout: FabricError {
    let who = missing.map { "\($0) (\(formation.addresses[$0.index]))" }
    let epochs = otherEpoch.map {
      "; one that came forms the group of epoch \($0), this member that of \(formation.epoch)"
    }
    var error = FabricError(
      .timeout,
      "\(who.joined(separator: ", ")) did not come within \(formation.timeoutSeconds) s"
        + (epochs ?? ""),
      advice: "start the missing members, with the same list of addresses everywhere")
    error.missing = missing
    return error
  }

  /// Removes the own socket file, unless another member has replaced it.
  func end() {
    var status = stat()
    guard unsafe lstat(formation.address, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK
    else { return }
    // While this member listens, nobody takes the file for stale, so it is its own.
    _ = unsafe unlink(formation.address)
  }
}
