// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import Vocabulary

/// One-sided writes between members of several hosts: those of one host share memory, others meet
/// over TCP. Each pair has one way.
///
/// Segments of the own host are seen in place, as `SharedMemoryFabric` does it; those of other
/// hosts are copies that links fill, as in `TCPFabric`. A push rings the doorbells of neighbours
/// and goes out over the links to all others. A member parks in `epoll`, where links wake it, and
/// its doorbell by an event.
///
/// What somebody else wrote may be passed on to members of other hosts only: between neighbours a
/// counter is visible as soon as it is stored, and would come before what it publishes.
package final class MixedFabric: Fabric {
  package let rank: Rank
  package let plan: GroupPlan
  package let sharesMemory: RankSet

  private let hosts: Hosts
  private let near: Neighbours
  private let links: Links
  private let segments: [Segment]
  /// Keeps the copies of other hosts' segments.
  private let copies: [MemberCopy]
  private var isFenced = false
  private var isClosed = false

  /// Meets neighbours and all others at the same time, so that nobody is missed who waits for a
  /// neighbour. The formation says where members are in both ways.
  package static func open(
    _ formation: Formation, settings: TCPSettings = TCPSettings()
  ) throws(FabricError) -> MixedFabric {
    precondition(!formation.places.isEmpty, "members of several hosts have places")
    let sharing = formation.hosts.sharing(with: formation.rank)
    let others = formation.among(
      formation.plan.members.subtracting(sharing), at: formation.addresses)
    let event = try Descriptor.event()
    let meeting = try Meeting(others, settings)
    let near = try Neighbours(
      formation.among(sharing, at: formation.places.map(\.path)), event: event
    ) { (gathering: inout Gathering) throws(FabricError) in
      try meet(&gathering, meeting)
    }
    // Who has no neighbours has not met anybody yet.
    let sockets = try meeting.run()
    var copies: [MemberCopy] = []
    var segments: [Segment] = []
    var views: [SegmentView] = []
    for owner in formation.plan.members {
      if let segment = near.segment(owner) {
        segments.append(segment)
        views.append(segment.view)
        continue
      }
      let copy = try MemberCopy(of: owner, in: formation.plan, isOwn: false)
      copies.append(copy)
      segments.append(copy.shown)
      views.append(copy.writable.view)
    }
    let links = try Links(
      others, sockets, settings, views: views, hosts: formation.hosts, wake: event.number)
    return MixedFabric(formation, near, links, segments, copies)
  }

  /// Gathers the neighbours and meets the others in turns, each with a short wait.
  private static func meet(
    _ gathering: inout Gathering, _ meeting: Meeting
  ) throws(FabricError) -> [JoinedPeer] {
    defer { gathering.end() }
    do throws(FabricError) {
      try gathering.begin()
      while !gathering.isDone || !meeting.isDone {
        let isBoth = !gathering.isDone && !meeting.isDone
        let pause = isBoth ? 1 : Formation.tickMilliseconds
        if !gathering.isDone { try gathering.step(milliseconds: pause) }
        if !meeting.isDone { try meeting.step(milliseconds: UInt64(pause)) }
      }
    } catch {
      guard error.code == .timeout else { throw error }
      var error = error
      error.missing = gathering.missing.union(meeting.missing)
      throw error
    }
    return gathering.peers
  }

  private init(
    _ formation: Formation, _ near: Neighbours, _ links: Links, _ segments: [Segment],
    _ copies: [MemberCopy]
  ) {
    rank = formation.rank
    plan = formation.plan
    hosts = formation.hosts
    sharesMemory = hosts.sharing(with: formation.rank)
    self.near = near
    self.links = links
    self.segments = segments
    self.copies = copies
  }

  deinit { close() }

  package func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  /// Neighbours see at once what was stored; the links then carry it to all others.
  package func push(_ pushes: borrowing Pushes) {
    guard !isFenced else { return }
    for push in pushes.list where !sharesMemory.contains(push.owner) {
      precondition(
        push.targets.intersection(sharesMemory).isEmpty,
        "\(rank) passes what is of another host on to a member of its own")
    }
    near.ring(pushes.targets)
    links.push(pushes)
  }

  /// True where there are neighbours: only the cores know which of their cells are new.
  package func poll(into events: inout [FabricEvent]) -> Bool {
    near.take(into: &events)
    let hasApplied = !isFenced && links.poll(into: &events)
    return hasApplied || sharesMemory.count > 1
  }

  package var waker: Waker { near.waker }

  package func arm() { near.own.arm() }

  package func park(nanoseconds: UInt64) {
    defer { near.own.disarm() }
    guard !near.hasNotes, !isClosed, near.own.isParked else { return }
    if !isFenced, links.mayRead { return }
    links.wait(nanoseconds: nanoseconds)
  }

  package func disarm() { near.own.disarm() }

  /// What neighbours store is still seen until they stand still; what links bring, no longer.
  package func fence() {
    isFenced = true
    links.fence()
    near.fence()
  }

  package func close() {
    guard !isClosed else { return }
    isClosed = true
    isFenced = true
    links.close()
    near.close()
  }
}
