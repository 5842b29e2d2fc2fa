// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Memory
import Vocabulary

/// The connections of one member to all peers that it meets over TCP, watched together.
final class Links {
  private let epoll: Epoll
  private let buffers = LinkBuffers()
  private let views: [SegmentView]
  private let hosts: Hosts?
  private var links: [Link?]
  private(set) var live = RankSet()
  /// What `epoll` calls the event by which the member is woken: no rank.
  private static let wakeToken = Limits.members

  /// Takes the sockets over, by rank. `views` is where the peers' writes go; `hosts` tells who sees
  /// whose memory in place, so that nobody sends it: nil, where nobody does. `wake` is a descriptor
  /// that ends a wait by becoming readable.
  init(
    _ formation: Formation, _ sockets: [Socket?], _ settings: TCPSettings, views: [SegmentView],
    hosts: Hosts? = nil, wake: Int32
  ) throws(FabricError) {
    guard let epoll = Epoll() else {
      throw FabricError(.system, "cannot watch connections: \(errorText(errno))")
    }
    guard epoll.add(reading: wake, token: Self.wakeToken) else {
      throw FabricError(.system, "cannot watch for wakes: \(errorText(errno))")
    }
    self.epoll = epoll
    self.views = views
    self.hosts = hosts
    links = sockets.map { _ in nil }
    let inPlace = hosts?.sharing(with: formation.rank) ?? RankSet()
    for (index, socket) in sockets.enumerated() {
      guard let socket else { continue }
      settings.apply(to: socket)
      let peer = Rank(index)
      guard epoll.add(socket, token: index) else {
        throw FabricError(.system, "cannot watch the connection to \(peer): \(errorText(errno))")
      }
      links[index] = Link(
        socket,
        decoder: FrameDecoder(
          plan: formation.plan, me: formation.rank, peer: peer, inPlace: inPlace))
      live.insert(peer)
    }
  }

  /// Sends to each peer what is for it and what it does not see in place.
  func push(_ pushes: borrowing Pushes) {
    var touched = RankSet()
    for push in pushes.list {
      var targets = push.targets.intersection(live)
      if let hosts { targets = targets.subtracting(hosts.sharing(with: push.owner)) }
      touched = touched.union(targets)
      for target in targets {
        links[target.index]?.append(push, from: views[push.owner.index])
      }
    }
    for target in touched { links[target.index]?.flush(buffers) }
  }

  /// Sends what waits, applies what has come, and tells who is gone. True where something came.
  func poll(into events: inout [FabricEvent]) -> Bool {
    wait(nanoseconds: 0)
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

  /// Whether something may have come that `poll` has not taken in.
  var mayRead: Bool { live.contains { links[$0.index]?.mayRead == true } }

  /// Waits until something comes, or for a wake.
  func wait(nanoseconds: UInt64) {
    epoll.wait(nanoseconds: nanoseconds) { change in
      // Who wakes notes it elsewhere, and each wake is told anew.
      if change.token != Self.wakeToken { links[change.token]?.note(change) }
    }
  }

  /// Sends nothing more, and is woken by nothing that comes.
  func fence() {
    for peer in live {
      guard let link = links[peer.index] else { continue }
      link.queue.removeAll()
      epoll.remove(link.socket)
    }
  }

  func close() {
    for peer in live {
      links[peer.index]?.socket.finish()
      links[peer.index] = nil
    }
    live = RankSet()
  }
}
