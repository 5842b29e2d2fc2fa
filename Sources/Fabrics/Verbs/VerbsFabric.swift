// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Environment
import Glibc
package import Memory
package import Vocabulary

/// One-sided writes over RDMA: the device of a peer puts them into its memory, and its processor
/// has no part in it.
///
/// Peers are told by a message after each turn's writes that something came; it wakes those that
/// are parked. Peers that are gone are known from their connection, or from requests that nobody
/// answers; a peer that is stopped, or cut off over iWARP, is known to nobody but the members
/// themselves, whose columns stand still.
package final class VerbsFabric: Fabric {
  package let rank: Rank
  package let plan: GroupPlan
  package let sharesMemory: RankSet

  private let layout: CopyLayout
  private let segments: [Segment]
  private var link: VerbsLink?
  private let signal: WakeSignal
  /// By rank.
  private var peers: [VerbsConnection?]
  private var reported = RankSet()
  private var isFenced = false
  /// A bell came since the last `poll`, or since `arm`.
  private var hasRung = false
  private var wasWoken = false
  private var isArmed = false
  private var pollsUntilEvents = 0

  /// How many polls go by between two looks at events of connections, which cost a system call.
  private static let pollsBetweenEvents = 64
  private static let lingerNanoseconds: UInt64 = 1_000_000_000

  /// Opens the device that has the member's address, and returns when all members are there.
  package static func open(_ formation: Formation) throws(FabricError) -> VerbsFabric {
    let link = try VerbsLink(formation)
    let meeting = try VerbsFormation(formation, link)
    do throws(FabricError) {
      try meeting.run()
    } catch {
      link.removeAll()
      throw error
    }
    return VerbsFabric(formation, link, meeting.peers)
  }

  private init(_ formation: Formation, _ link: VerbsLink, _ peers: [VerbsConnection?]) {
    rank = formation.rank
    plan = formation.plan
    sharesMemory = RankSet([formation.rank])
    layout = link.layout
    let mapping = link.memory.mapping
    segments = formation.plan.segments.enumerated().map { index, segment in
      // The segment keeps the mapping, whatever becomes of the fabric.
      unsafe Segment(
        mapping.pointer(link.layout.offsets[index]), byteCount: segment.byteCount,
        isWritable: index == formation.rank.index, release: { _ = mapping })
    }
    self.peers = peers
    self.link = link
    signal = link.signal
  }

  deinit { close() }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  package func push(_ pushes: borrowing Pushes) {
    guard link != nil, !isFenced else { return }
    var targets = RankSet()
    for push in pushes.list {
      precondition(
        push.offset >= 0 && push.end <= plan.segments[push.owner.index].byteCount,
        "a push lies in its segment")
      let place = layout.offsets[push.owner.index]
      for target in push.targets.removing(rank) {
        guard let peer = peers[target.index] else { continue }
        peer.write(push, place: place)
        targets.insert(target)
      }
    }
    for target in targets {
      peers[target.index]?.flush()
      peers[target.index]?.keepCells()
    }
  }

  package func poll(into events: inout [FabricEvent]) -> Bool {
    guard let link, !isFenced else { return false }
    if pollsUntilEvents == 0 { takeEvents(link) }
    pollsUntilEvents -= 1
    takeCompletions(link)
    for index in peers.indices where peers[index]?.phase == .over {
      report(Rank(index), &events)
    }
    defer { hasRung = false }
    return hasRung
  }

  private func report(_ peer: Rank, _ events: inout [FabricEvent]) {
    guard let connection = peers[peer.index] else { return }
    let reason = connection.failure ?? "its connection was closed"
    peers[peer.index] = nil
    link?.remove(connection)
    guard !reported.contains(peer) else { return }
    reported.insert(peer)
    if connection.isRefused { events.append(.refused(peer, reason: reason)) }
    events.append(.unreachable(peer, reason: reason))
  }

  private func takeEvents(_ link: VerbsLink) {
    pollsUntilEvents = Self.pollsBetweenEvents
    while let (event, connection) = unsafe link.nextEvent() {
      // What came before the end is taken first: a goodbye says more than an end.
      takeCompletions(link)
      switch unsafe Int(event.kind) {
      case mapred_verbs_event_disconnected:
        connection?.end("its connection was closed")
      case mapred_verbs_event_device_removed:
        connection?.end("this host's RDMA device was removed")
      default: break
      }
    }
  }

  private func takeCompletions(_ link: VerbsLink) {
    _ = link.takeCompletions { connection, message in
      switch message.kind {
      case .bell:
        hasRung = true
        wasWoken = true
      case .credit: break
      case .goodbye: connection.end("it has left")
      case .hello, .memory: connection.refuse("it spoke out of turn")
      }
    }
  }

  private var hasLosses: Bool { peers.contains { $0?.phase == .over } }

  package var waker: Waker { signal.waker }

  package func arm() {
    isArmed = true
    signal.arm()
    guard let link, !isFenced else { return }
    wasWoken = false
    link.completions.notify()
    // What completed before the call above rings no bell.
    takeCompletions(link)
  }

  package func park(nanoseconds: UInt64) {
    if !isArmed { signal.arm() }
    defer { disarm() }
    guard let link, !isFenced else {
      sleep(nanoseconds)
      return
    }
    let deadline = monotonicNanoseconds().addingReportingOverflow(nanoseconds).0
    while !wasWoken, !hasLosses, signal.isArmed {
      let now = monotonicNanoseconds()
      guard now < deadline else { break }
      let found = link.wait(nanoseconds: min(deadline - now, 3_600_000_000_000))
      if found.hasEvents { takeEvents(link) }
      guard found.hasCompletions else { continue }
      link.completions.notify()
      takeCompletions(link)
    }
  }

  package func disarm() {
    isArmed = false
    signal.disarm()
  }

  /// Without a way to peers only wakes can come, and once the fabric is closed, nothing.
  private func sleep(_ nanoseconds: UInt64) {
    guard link == nil || signal.isArmed else { return }
    var waiting = pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(clamping: nanoseconds.addingReportingOverflow(999_999).0 / 1_000_000)
    if unsafe Glibc.poll(&waiting, 1, milliseconds) > 0 { signal.quiet() }
  }

  /// Ends all connections, so queue pairs refuse what still arrives, and takes the memory back from
  /// the device: from then on the copies are as they are.
  package func fence() {
    guard let link, !isFenced else { return }
    isFenced = true
    for peer in peers { peer?.end("this member has drawn a fence") }
    link.memory.end()
  }

  package func close() {
    guard let link else { return }
    signal.end()
    if !isFenced { linger(link) }
    isFenced = true
    peers = Array(repeating: nil, count: peers.count)
    link.removeAll()
    link.memory.end()
    self.link = nil
  }

  /// Lets leave what was pushed, and says goodbye, for a moment at most.
  private func linger(_ link: VerbsLink) {
    let deadline = monotonicNanoseconds() + Self.lingerNanoseconds
    for peer in peers where peer?.phase == .ready { peer?.sendGoodbye() }
    while monotonicNanoseconds() < deadline {
      link.completions.notify()
      link.flush()
      takeCompletions(link)
      takeEvents(link)
      guard peers.contains(where: { $0.map { $0.phase == .ready && !$0.isQuiet } ?? false })
      else { break }
      _ = link.wait(nanoseconds: 10_000_000)
    }
  }
}
