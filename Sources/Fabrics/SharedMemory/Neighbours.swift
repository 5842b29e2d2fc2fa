// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Synchronization
import Vocabulary

/// The members of one host as one of them sees them: their segments in place, the doorbells by
/// which they are woken, and who of them is gone.
final class Neighbours {
  /// What this member sleeps on.
  let own: Doorbell
  /// By rank; nil for members of other hosts.
  private let shared: [SharedSegment?]
  /// By rank; the own one stands for members of other hosts.
  private let doorbells: [Doorbell]
  private let watch: PeerWatch
  /// Peers that are told of pushes: all, until a fence or the end.
  private var told: RankSet

  /// How long a push waits for a member that draws a fence: long enough for many looks at cells,
  /// and short enough where that member has ended in the middle.
  private static let heldNanoseconds: UInt64 = 100_000

  /// Makes the own memory, waits for all peers of the formation and maps theirs. With an `event`
  /// this member does not sleep on its doorbell: the event is signalled. `gather` brings the
  /// members together, by `Gathering.run` or beside something else.
  init(
    _ formation: Formation, event: Descriptor? = nil,
    gather: (inout Gathering) throws(FabricError) -> [JoinedPeer] =
      { (gathering: inout Gathering) throws(FabricError) in try gathering.run() }
  ) throws(FabricError) {
    let rank = formation.rank
    let plan = formation.plan
    told = formation.peers
    let ownPlan = plan.segments[rank.index]
    let file = try MemoryFile.create(
      MemoryFile.name(of: rank, in: plan), byteCount: ownPlan.byteCount,
      goOn: formation.checkCancellation)
    let bell = try Doorbell(
      MemoryFile.create("mapred-doorbell.\(rank.index)", byteCount: Doorbell.byteCount),
      event: event)
    own = bell
    var shared = [SharedSegment?](repeating: nil, count: plan.segments.count)
    var doorbells = [Doorbell](repeating: bell, count: plan.segments.count)
    shared[rank.index] = try SharedSegment(own: file, plan: ownPlan)
    var peers: [JoinedPeer] = []
    if !formation.peers.isEmpty {
      var gathering = try Gathering(formation, segment: file, doorbell: bell)
      peers = try gather(&gathering)
    }
    for peer in peers {
      let index = peer.rank.index
      shared[index] = try SharedSegment(
        peer: peer.segment, plan: plan.segments[index], heldBy: rank)
      doorbells[index] = try Doorbell(peer.doorbell, event: peer.event)
    }
    self.shared = shared
    self.doorbells = doorbells
    watch = try PeerWatch(peers.map { ($0.rank, $0.socket) }, ringing: bell)
  }

  deinit { close() }

  /// The memory of a member of this host.
  func segment(_ owner: Rank) -> Segment? { shared[owner.index]?.segment }

  /// Wakes the targets that are parked: one fence for all pushes of a turn, and one load for each
  /// target.
  func ring(_ all: RankSet) {
    let targets = all.intersection(told)
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

  @inline(__always)
  var hasNotes: Bool { watch.hasNotes }

  /// Tells who is gone.
  @inline(__always)
  func take(into events: inout [FabricEvent]) {
    guard watch.hasNotes else { return }
    let known = events.count
    watch.take(into: &events)
    for case .unreachable(let peer, _) in events[known...] { told.remove(peer) }
  }

  /// Another thread rings as a peer does. The bell stays mapped as long as somebody can ring it.
  var waker: Waker {
    Waker { [own] in
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      _ = own.ring()
    }
  }

  /// Detaches all segments: the peers' are copied as they are, and what is written into the own one
  /// stays here. Costs a copy of the cells that this member holds, in which whoever pushes to it
  /// waits.
  func fence() {
    told = RankSet()
    own.hold()
    for segment in shared { segment?.detach() }
    own.release()
  }

  func close() {
    told = RankSet()
    watch.close()
  }
}
