// SPDX-License-Identifier: Apache-2.0
package import Environment
import Glibc
package import Memory
package import Vocabulary

/// One-sided writes as frames over one TCP connection for each pair of members.
///
/// A push is a header and its bytes; the peer's next `poll` puts them into its copy, cells with
/// release, in the order of the stream. Payload is sent from where it lies and received where it
/// belongs. There are no threads besides the caller's: nothing moves between calls but what the
/// system's buffers hold. A connection that is lost is not made again.
package final class TCPFabric: Fabric {
  package let rank: Rank
  package let plan: GroupPlan

  private let copies: [MemberCopy]
  private let views: [SegmentView]
  private let epoll: Epoll
  private let signal: WakeSignal
  private let buffers = LinkBuffers()
  private var links: [Link?]
  private var live = RankSet()
  private var isFenced = false
  private var isClosed = false
  private var isArmed = false
  /// What `epoll` calls the signal: no rank.
  private static let signalToken = Limits.members

  /// Meets all other members and returns when each is connected to this one; waits for at most the
  /// formation's time.
  package static func open(
    _ formation: Formation, settings: TCPSettings = TCPSettings()
  ) throws(FabricError) -> TCPFabric {
    var copies: [MemberCopy] = []
    for owner in formation.plan.members {
      copies.append(
        try MemberCopy(of: owner, in: formation.plan, isOwn: owner == formation.rank))
    }
    guard let epoll = Epoll() else {
      throw FabricError(.system, "cannot watch connections: \(errorText(errno))")
    }
    let signal = try WakeSignal()
    guard epoll.add(reading: signal.descriptor, token: signalToken) else {
      throw FabricError(.system, "cannot watch for wakes: \(errorText(errno))")
    }
    let meeting = try Meeting(formation, settings)
    return try TCPFabric(formation, copies, epoll, signal, try meeting.run(), settings)
  }

  private init(
    _ formation: Formation, _ copies: [MemberCopy], _ epoll: Epoll, _ signal: WakeSignal,
    _ sockets: [Socket?], _ settings: TCPSettings
  ) throws(FabricError) {
    rank = formation.rank
    plan = formation.plan
    self.copies = copies
    views = copies.map(\.writable.view)
    self.epoll = epoll
    self.signal = signal
    links = sockets.map { _ in nil }
    for (index, socket) in sockets.enumerated() {
      guard let socket else { continue }
      settings.apply(to: socket)
      let peer = Rank(index)
      guard epoll.add(socket, token: index) else {
        throw FabricError(.system, "cannot watch the connection to \(peer): \(errorText(errno))")
      }
      links[index] = Link(
        socket, decoder: FrameDecoder(plan: formation.plan, me: formation.rank, peer: peer))
      live.insert(peer)
    }
  }

  deinit { close() }

  package var sharesMemory: RankSet { RankSet([rank]) }

  package func segment(_ owner: Rank) -> Segment { copies[owner.index].shown }

  package func push(_ pushes: borrowing Pushes) {
    guard !isFenced else { return }
    var touched = RankSet()
    for push in pushes.list {
      let targets = push.targets.intersection(live)
      touched = touched.union(targets)
      for target in targets {
        links[target.index]?.append(push, from: views[push.owner.index])
      }
    }
    for target in touched { links[target.index]?.flush(buffers) }
  }

  package func poll(into events: inout [FabricEvent]) -> Bool {
    guard !isFenced else { return false }
    look(nanoseconds: 0)
    var hasApplied = false
    for peer in live {
      guard let link = links[peer.index] else { continue }
      link.flush(buffers)
      guard link.mayRead else { continue }
      var end: Link.End?
      if link.receive(into: views, buffers, &end) { hasApplied = true }
      guard let end else { continue }
      drop(peer)
      switch end {
      case .lost(let reason): events.append(.unreachable(peer, reason: reason))
      case .refused(let reason):
        events.append(.refused(peer, reason: reason))
        events.append(.unreachable(peer, reason: "its link was cut: \(reason)"))
      }
    }
    return hasApplied
  }

  private func drop(_ peer: Rank) {
    links[peer.index]?.socket.close()
    links[peer.index] = nil
    live.remove(peer)
  }

  private func look(nanoseconds: UInt64) {
    epoll.wait(nanoseconds: nanoseconds) { change in
      // The signal is noted by its own word, and told anew for each wake.
      if change.token != Self.signalToken { links[change.token]?.note(change) }
    }
  }

  package var waker: Waker { signal.waker }

  /// What comes from peers after the last `poll` ends the next `park`, armed or not; wakes count
  /// from here on.
  package func arm() {
    isArmed = true
    signal.arm()
  }

  package func park(nanoseconds: UInt64) {
    if !isArmed { arm() }
    defer { disarm() }
    if !isFenced, live.contains(where: { links[$0.index]?.mayRead == true }) { return }
    guard signal.isArmed || isClosed else { return }
    look(nanoseconds: nanoseconds)
  }

  package func disarm() {
    isArmed = false
    signal.disarm()
  }

  package func fence() {
    isFenced = true
    for peer in live {
      guard let link = links[peer.index] else { continue }
      link.queue.removeAll()
      // What still comes shall not wake anybody.
      epoll.remove(link.socket)
    }
  }

  package func close() {
    isFenced = true
    isClosed = true
    signal.end()
    for peer in live {
      links[peer.index]?.socket.finish()
      links[peer.index] = nil
    }
    live = RankSet()
  }
}
