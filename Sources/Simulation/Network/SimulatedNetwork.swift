// SPDX-License-Identifier: Apache-2.0
package import Environment
import Memory
package import Vocabulary

/// Memory and links of a group on one thread: what happens when is drawn from a seed.
///
/// Each pair of members has a first-in first-out link of pushes. A link moves only when it is told
/// to; it can be frozen, and a member can die with some of its pushes under way.
package final class SimulatedNetwork {
  package let plan: GroupPlan
  package private(set) var fabrics: [SimulatedFabric] = []
  package private(set) var alive: RankSet
  /// What no correct member does, as it was found.
  package private(set) var violations: [String] = []
  private var links: [Link]
  private var frozen: Set<Int> = []
  private var cut: Set<Int> = []
  private var random: SeededRandom
  /// Who was told of whose death.
  private var told: [RankSet]
  private let hosts: Hosts

  /// A group of members that share memory where they are on one of `hosts`; by default, nowhere.
  package init(plan: GroupPlan, hosts: Hosts? = nil, seed: UInt64) {
    self.plan = plan
    let hosts = hosts ?? Hosts(apart: plan.segments.count)
    precondition(hosts.members == plan.segments.count, "each member has a host")
    self.hosts = hosts
    alive = plan.members
    let count = plan.segments.count
    links = [Link](repeating: Link(), count: count * count)
    told = [RankSet](repeating: RankSet(), count: count)
    random = SeededRandom(seed: seed)
    let common = plan.segments.map { Segment(byteCount: $0.byteCount) }
    for rank in plan.members {
      let sharing = hosts.sharing(with: rank)
      let segments = plan.members.map { owner in
        sharing.contains(owner)
          ? common[owner.index] : Segment(byteCount: plan.segments[owner.index].byteCount)
      }
      fabrics.append(
        SimulatedFabric(rank: rank, network: self, segments: segments, sharesMemory: sharing))
    }
  }

  private func link(_ source: Rank, _ target: Rank) -> Int {
    source.index * plan.segments.count + target.index
  }

  /// Puts a push on the links to its targets.
  func post(_ push: Push, from source: Rank) {
    guard alive.contains(source) else { return }
    guard let region = plan.segments[push.owner.index].region(push.offset, push.byteCount),
      region.writers.contains(source), region.kind == push.kind,
      push.kind == .payload || push.offset % 8 == 0 && push.byteCount % 8 == 0
    else { return violations.append("\(source) pushed what it may not: \(push)") }
    for target in push.targets where target != source && alive.contains(target) {
      guard region.holders.contains(target) else {
        violations.append("\(target) holds no \(region.name), but \(source) pushed it there")
        continue
      }
      if hosts.areTogether(push.owner, target) {
        // The target sees it in place.
        if hosts.areTogether(source, target) { fabrics[target.index].wake() }
      } else if hosts.areTogether(source, target) {
        violations.append("\(source) passes on to \(target), with whom it shares memory: \(push)")
      } else {
        let segment = fabrics[source.index].segment(push.owner)
        links[link(source, target)].append(Flight(push, from: segment, &random))
      }
    }
  }

  /// The links that can move, each as (source, target). O(members²).
  package var movable: [(source: Rank, target: Rank)] {
    var found: [(source: Rank, target: Rank)] = []
    for source in plan.members {
      for target in plan.members
      where !links[link(source, target)].isEmpty && alive.contains(target) {
        let link = link(source, target)
        if !frozen.contains(link), !cut.contains(link) { found.append((source, target)) }
      }
    }
    return found
  }

  /// A link that can move, from a random one on; nil where none can. Allocates nothing.
  package func anyMovable() -> (source: Rank, target: Rank)? {
    let count = plan.segments.count
    let start = random.below(count * count)
    for step in 0..<count * count {
      let place = (start + step) % (count * count)
      guard !links[place].isEmpty, alive.contains(Rank(place % count)), !frozen.contains(place),
        !cut.contains(place)
      else { continue }
      return (Rank(place / count), Rank(place % count))
    }
    return nil
  }

  /// How many pushes are on a link.
  package func underWay(_ source: Rank, _ target: Rank) -> Int {
    links[link(source, target)].count
  }

  /// Lets the next piece of the first push of a link land.
  package func move(_ source: Rank, _ target: Rank) {
    let place = link(source, target)
    let owner = links[place].first.push.owner
    let from = fabrics[source.index].segment(owner)
    let isFenced = fabrics[target.index].isFenced
    let to = isFenced ? nil : fabrics[target.index].segment(owner)
    guard links[place].first.land(from: from, to: to) else { return }
    links[place].removeFirst()
    if !isFenced { fabrics[target.index].wake() }
  }

  /// Lets a link stand still, until the next thaw or for ever.
  package func freeze(_ source: Rank, _ target: Rank, isForever: Bool = false) {
    if isForever { cut.insert(link(source, target)) } else { frozen.insert(link(source, target)) }
  }

  /// Lets a link that stood still for ever move again.
  package func mend(_ source: Rank, _ target: Rank) { cut.remove(link(source, target)) }

  package func thaw() { frozen.removeAll() }
  package var isFrozen: Bool { !frozen.isEmpty }

  /// A member dies: of what it has pushed, each link still carries some, from the front.
  package func kill(_ rank: Rank) {
    guard alive.contains(rank) else { return }
    for other in plan.members where other != rank {
      links[link(rank, other)].cut(to: random.below(links[link(rank, other)].count + 1))
    }
    leave(rank)
  }

  /// A member goes away: what it has pushed still arrives.
  func leave(_ rank: Rank) {
    alive.remove(rank)
    for other in plan.members where other != rank { links[link(other, rank)].cut(to: 0) }
  }

  /// Tells `rank` that a peer is unreachable; once.
  package func report(_ peer: Rank, to rank: Rank, _ reason: String = "killed") {
    guard alive.contains(rank), !told[rank.index].contains(peer) else { return }
    told[rank.index].insert(peer)
    fabrics[rank.index].events.append(.unreachable(peer, reason: reason))
    fabrics[rank.index].wake()
  }
}
