// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// What a member knows of another's life.
struct PeerState: Sendable, Hashable {
  var lastHeard: UInt64
  /// Its process is known to be gone.
  var isGone = false
  /// Its way to here was lost, and nothing was heard since.
  var isUnreachable = false
  /// What it said of itself and the others in this view.
  var health: Health?

  init(lastHeard: UInt64) { self.lastHeard = lastHeard }
}

extension Membership {
  /// A letter of `peer` came: it lives.
  mutating func heard(_ peer: Rank, _ now: UInt64) {
    guard !peers[peer.index].isGone else { return }
    if isWedged, isSuspected(peer, now) { marks.insert(.keepsSuspect) }
    peers[peer.index].lastHeard = now
    peers[peer.index].isUnreachable = false
  }

  /// The way to a node was lost. `isGone`: its process is known to have ended.
  package mutating func unreachable(
    _ id: NodeID, isGone: Bool, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    if isGone {
      gone = (gone.filter { $0 != id } + [id]).suffix(Limits.members)
      applicants.removeAll { $0.record.id == id }
    }
    guard stopped == nil, let peer = view?.rank(of: id), peer != rank else { return }
    if isGone { peers[peer.index].isGone = true }
    peers[peer.index].isUnreachable = true
    sendHeartbeats(now, into: &effects)
    lead(now, into: &effects)
  }

  /// The fabric of this view lost a member, or could not be formed: a new view is needed. Members
  /// in `unmet` cannot be in one view with this one.
  package mutating func broken(
    unmet: RankSet, wasFormed: Bool, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard stopped == nil, view != nil else { return }
    if !wasFormed { marks.insert(.breaksAgain) }
    isBroken = true
    self.unmet = self.unmet.union(unmet.removing(rank))
    sendHeartbeats(now, into: &effects)
    lead(now, into: &effects)
  }

  /// Silence counts only while this node itself was awake: after a stop of its own everybody gets
  /// as much time more.
  mutating func forgiveOwnStall(_ now: UInt64) {
    let gap = now &- lastTick
    lastTick = max(now, lastTick)
    guard gap > 3 &* settings.heartbeat, gap < UInt64.max / 2 else { return }
    marks.insert(.ownStall)
    for index in peers.indices {
      peers[index].lastHeard = min(now, peers[index].lastHeard &+ gap)
    }
  }

  package func isSuspected(_ peer: Rank, _ now: UInt64) -> Bool {
    guard peer != rank else { return false }
    let state = peers[peer.index]
    if state.isGone || state.isUnreachable { return true }
    return now > state.lastHeard &+ settings.suspectAfter
  }

  /// Members that this one does not hear.
  package func suspects(_ now: UInt64) -> RankSet {
    // Asked in each turn: it makes no arrays.
    var suspects = RankSet()
    for index in peers.indices where isSuspected(Rank(index), now) { suspects.insert(Rank(index)) }
    return suspects
  }

  /// Whether the members that are heard, with this one, are a majority of the view.
  package func reachesMajority(_ now: UInt64) -> Bool {
    guard let view else { return false }
    return view.members.count - suspects(now).count >= view.majority
  }

  mutating func sendHeartbeats(_ now: UInt64, into effects: inout [MembershipEffect]) {
    guard let view else { return }
    var health = Health(view: view.number)
    health.suspects = suspects(now)
    health.unmet = unmet
    health.isBroken = isBroken
    health.isLeaving = isLeaving
    health.holds = holds
    for peer in view.ranks.removing(rank) {
      effects.append(.send(.heartbeat(health), to: view.record(peer)))
    }
  }
}
