// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
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

  private let near: Neighbours
  private let segments: [Segment]
  private var isClosed = false

  /// Forms the group with the members at the other addresses: makes the own memory, waits for all
  /// others and maps theirs.
  package static func open(_ formation: Formation) throws(FabricError) -> SharedMemoryFabric {
    try SharedMemoryFabric(formation)
  }

  private init(_ formation: Formation) throws(FabricError) {
    rank = formation.rank
    plan = formation.plan
    near = try Neighbours(formation)
    segments = formation.plan.members.compactMap(near.segment)
    precondition(segments.count == formation.plan.segments.count, "all members are on one host")
  }

  deinit { close() }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  package func push(_ pushes: borrowing Pushes) { near.ring(pushes.targets) }

  /// Always true: what peers store is visible without any doing of this member, and only its cores
  /// know which cells to look at.
  package func poll(into events: inout [FabricEvent]) -> Bool {
    near.take(into: &events)
    return true
  }

  package var waker: Waker { near.waker }

  package func arm() { near.own.arm() }

  package func park(nanoseconds: UInt64) {
    if near.hasNotes || isClosed {
      near.own.disarm()
    } else {
      near.own.sleep(nanoseconds: nanoseconds)
    }
  }

  package func disarm() { near.own.disarm() }

  package func fence() { near.fence() }

  package func close() {
    guard !isClosed else { return }
    isClosed = true
    near.close()
  }
}
