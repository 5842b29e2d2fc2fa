// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import Vocabulary

/// A member's door to a simulated network.
package final class SimulatedFabric: Fabric {
  package let rank: Rank
  package let plan: GroupPlan
  package let sharesMemory: RankSet
  private let segments: [Segment]
  // The network holds the fabrics.
  private unowned let network: SimulatedNetwork
  var events: [FabricEvent] = []
  package internal(set) var hasNews = false
  private(set) var isFenced = false
  /// Whether this member waits for a push.
  package private(set) var isParked = false
  private var isWoken = false
  private var isClosed = false

  init(rank: Rank, network: SimulatedNetwork, segments: [Segment], sharesMemory: RankSet) {
    self.rank = rank
    plan = network.plan
    self.network = network
    self.segments = segments
    self.sharesMemory = sharesMemory
  }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  package func push(_ pushes: borrowing Pushes) {
    guard !isFenced else { return }
    for push in pushes.list { network.post(push, from: rank) }
  }

  package func poll(into events: inout [FabricEvent]) -> Bool {
    events += self.events
    self.events.removeAll()
    defer { hasNews = false }
    return hasNews
  }

  /// In a simulation there is one thread: a scenario wakes a member between its turns.
  package var waker: Waker {
    let door = WakerDoor(self)
    return Waker { door.fabric?.wakeFromHome() }
  }

  fileprivate func wakeFromHome() {
    guard !isClosed else { return }
    isWoken = true
    isParked = false
  }

  // A simulated member is never between two instructions: arming notes that news before it are
  // known, and parking waits for news after it.
  package func arm() {
    hasNews = false
    isWoken = false
  }
  package func disarm() { isParked = false }
  package func park(nanoseconds: UInt64) { isParked = !hasNews && !isWoken && events.isEmpty }

  package func fence() { isFenced = true }
  package func close() {
    isClosed = true
    network.leave(rank)
  }

  /// Something has become visible here.
  func wake() {
    hasNews = true
    isParked = false
  }
}

/// What a simulated member's waker holds.
private final class WakerDoor: @unchecked Sendable {
  // Sendable because all members of a simulation and their wakers are used by one thread.
  private(set) weak var fabric: SimulatedFabric?
  init(_ fabric: SimulatedFabric) { self.fabric = fabric }
}
