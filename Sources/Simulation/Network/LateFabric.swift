// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import Vocabulary

/// A door to a simulated network that shows what has arrived from the next `poll` on, as one over
/// sockets does. The network's own puts it into the member's memory when it lands, as devices do.
package final class LateFabric: Fabric {
  private let inner: SimulatedFabric
  private let shown: [Segment]

  package init(_ inner: SimulatedFabric) {
    self.inner = inner
    shown = inner.plan.members.map { owner in
      inner.sharesMemory.contains(owner)
        ? inner.segment(owner) : Segment(byteCount: inner.plan.segments[owner.index].byteCount)
    }
  }

  package var rank: Rank { inner.rank }
  package var plan: GroupPlan { inner.plan }
  package var sharesMemory: RankSet { inner.sharesMemory }
  package func segment(_ owner: Rank) -> Segment { shown[owner.index] }
  package func push(_ pushes: borrowing Pushes) { inner.push(pushes) }

  package func poll(into events: inout [FabricEvent]) -> Bool {
    for owner in plan.members where !sharesMemory.contains(owner) {
      let landed = inner.segment(owner)
      shown[owner.index].view.write(landed.bytes(0, landed.byteCount), at: 0)
    }
    return inner.poll(into: &events)
  }

  package var waker: Waker { inner.waker }
  package func arm() { inner.arm() }
  package func park(nanoseconds: UInt64) { inner.park(nanoseconds: nanoseconds) }
  package func disarm() { inner.disarm() }
  package func fence() { inner.fence() }
  package func close() { inner.close() }
}
