// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
import Synchronization
package import Vocabulary

/// One-sided writes between members of one machine, in several processes or in one.
///
/// A member's segment is memory that its peers map and read in place, so nothing is copied: a value
/// is visible as soon as it is stored. What is left of a push is to wake those targets that are
/// parked. Stores of one thread become visible in their order, which keeps the prefix order; a cell
/// is one aligned word, which is never torn.
///
/// Cells that are stored and not pushed are visible, too, and to all holders, which the contract
/// allows: cells are monotone. A region's bytes are mapped by its holders alone.
package final class SharedMemoryFabric: Fabric {
  package let rank: Rank
  package let plan: GroupPlan
  package var sharesMemory: RankSet { plan.members }

  private let shared: [SharedSegment]
  private let segments: [Segment]
  /// By rank; the own one is what this member sleeps on.
  private let doorbells: [Doorbell]
  private let own: Doorbell
  private let watch: PeerWatch
  private let others: RankSet
  /// Peers that are told of pushes: all, until a fence or the end.
  private var told: RankSet
  private var isClosed = false

  /// How long a push waits for a member that draws a fence: long enough for many looks at cells,
  /// and short enough where that member has ended in the middle.
  private static let heldNanoseconds: UInt64 = 100_000

  /// Forms the group with the members at the other addresses: makes the own memory, waits for all
  /// others and maps theirs.
  package static func open(_ formation: Formation) throws(FabricError) -> SharedMemoryFabric {
    try SharedMemoryFabric(formation)
  }

  private init(_ formation: Formation) throws(FabricError) {
    rank = formation.rank
    plan = formation.plan
    others = formation.peers
    told = others
    let ownPlan = plan.segments[rank.index]
    let file = try MemoryFile.create(
      MemoryFile.name(of: rank, in: plan), byteCount: ownPlan.byteCount,
      goOn: formation.checkCancellation)
    let bell = try Doorbell(
      MemoryFile.create("mapred-doorbell.\(rank.index)", byteCount: Doorbell.byteCount))
    own = bell
    let mine = try SharedSegment(own: file, plan: ownPlan)
    var peers: [JoinedPeer] = []
    if !others.isEmpty {
      var gathering = try Gathering(formation, segment: file, doorbell: bell.file)
      peers = try gathering.run()
    }
    var shared: [SharedSegment] = []
    var doorbells: [Doorbell] = []
    for member in plan.members {
      guard let peer = peers.first(where: { $0.rank == member }) else {
        shared.append(mine)
        doorbells.append(bell)
        continue
      }
      shared.append(
        try SharedSegment(
          peer: peer.segment, plan: plan.segments[member.index], heldBy: formation.rank))
      doorbells.append(try Doorbell(peer.doorbell))
    }
    self.shared = shared
    segments = shared.map(\.segment)
    self.doorbells = doorbells
    watch = try PeerWatch(peers.map { ($0.rank, $0.socket) }, ringing: bell)
  }

  deinit { close() }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  /// Wakes the targets that are parked: one fence for all pushes of a turn, and one load for each
  /// target.
  package func push(_ pushes: borrowing Pushes) {
    let targets = pushes.targets.intersection(told)
    guard !targets.isEmpty else { return }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    var holding = RankSet()
    for target in targets where doorbells[target.index].ring() { holding.insert(target) }
    if !holding.isEmpty { stand(still: holding) }
  }

  /// Waits for those who draw a fence, all of them together: until then this thread stores nothing.
  @inline(never)
  private func stand(still holding: RankSet) {
    let deadline = monotonicNanoseconds() + Self.heldNanoseconds
    for peer in holding { doorbells[peer.index].waitWhileHeld(until: deadline) }
  }

  /// Always true: what peers store is visible without any doing of this member, and only its cores
  /// know which cells to look at.
  package func poll(into events: inout [FabricEvent]) -> Bool {
    guard watch.hasNotes else { return true }
    let known = events.count
    watch.take(into: &events)
    for case .unreachable(let peer, _) in events[known...] { told.remove(peer) }
    return true
  }

  /// Another thread rings as a peer does. The bell stays mapped as long as somebody can ring it.
  package var waker: Waker {
    Waker { [own] in
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      _ = own.ring()
    }
  }

  package func arm() { own.arm() }

  package func park(nanoseconds: UInt64) {
    if watch.hasNotes || isClosed { own.disarm() } else { own.sleep(nanoseconds: nanoseconds) }
  }

  package func disarm() { own.disarm() }

  /// Detaches all segments: the peers' are copied as they are, and what is written into the own one
  /// stays here. Costs a copy of the cells that this member holds, in which whoever pushes to it
  /// waits.
  package func fence() {
    told = RankSet()
    own.hold()
    for segment in shared { segment.detach() }
    own.release()
  }

  package func close() {
    guard !isClosed else { return }
    isClosed = true
    told = RankSet()
    watch.close()
  }
}
