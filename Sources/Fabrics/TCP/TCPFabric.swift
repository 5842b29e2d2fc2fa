// SPDX-License-Identifier: Apache-2.0
package import Environment
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
  private let links: Links
  private let signal: WakeSignal
  private var isFenced = false
  private var isClosed = false
  private var isArmed = false

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
    let signal = try WakeSignal()
    let sockets = try Meeting(formation, settings).run()
    let links = try Links(
      formation, sockets, settings, views: copies.map(\.writable.view), wake: signal.descriptor)
    return TCPFabric(formation, copies, links, signal)
  }

  private init(
    _ formation: Formation, _ copies: [MemberCopy], _ links: Links, _ signal: WakeSignal
  ) {
    rank = formation.rank
    plan = formation.plan
    self.copies = copies
    self.links = links
    self.signal = signal
  }

  deinit { close() }

  package var sharesMemory: RankSet { RankSet([rank]) }

  package func segment(_ owner: Rank) -> Segment { copies[owner.index].shown }

  package func push(_ pushes: borrowing Pushes) {
    if !isFenced { links.push(pushes) }
  }

  package func poll(into events: inout [FabricEvent]) -> Bool {
    isFenced ? false : links.poll(into: &events)
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
    if !isFenced, links.mayRead { return }
    guard signal.isArmed || isClosed else { return }
    links.wait(nanoseconds: nanoseconds)
  }

  package func disarm() {
    isArmed = false
    signal.disarm()
  }

  package func fence() {
    isFenced = true
    links.fence()
  }

  package func close() {
    isFenced = true
    isClosed = true
    signal.end()
    links.close()
  }
}
