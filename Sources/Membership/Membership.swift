// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Who is in the group: the whole of a node's part in agreeing on views, as a value that is
/// stepped with letters and time.
///
/// A view ends by one decision, which holds for all subgroups at once: how much of each total order
/// is delivered (the *trim*), and who is in the next view with which roles. It is agreed on by
/// ballots. A leader, the lowest member that nobody lower seems alive to, **begins** a ballot; a
/// member that **promises** it leaves all earlier ones, **wedges** (its columns are final) and
/// **reports**; with reports of a majority the leader **proposes** once, what the latest echo among
/// them says or else something fresh; a member that has all of the trim **echoes**; echoes of a
/// majority make it **committed**, and all **install** it. A leader may die at any point: the next
/// one's ballot finds what may have been decided. Suspicions only decide who leads and who is
/// waited for; safety never rests on them. So a member that is heard again is no longer suspected,
/// and two halves of a cluster that were apart come together again if nobody went on without them.
///
/// (Virtual synchrony with a ragged trim: Derecho, TOCS 36(2), 2019, section 3. Ballots: Lamport,
/// The Part-Time Parliament, 1998. Guards carry the names that the proofs use.)
package struct Membership: Sendable {
  package let settings: MembershipSettings
  package let record: MemberRecord
  /// The view that this node is in; nil while it joins.
  package internal(set) var view: View?
  package internal(set) var rank = Rank(0)
  package internal(set) var stopped: StopReason?
  package internal(set) var marks: Set<MembershipMark> = []
  /// What was done since somebody looked; nil where nobody does.
  package var steps: [(view: UInt64, step: MembershipStep)]?
  package internal(set) var isLeaving = false

  /// By rank of the view.
  var peers: [PeerState] = []
  /// What was promised in this view, and where it got.
  var change = ViewChange()
  var joining: JoinAttempt?
  /// Nodes that want to join, in the order in which they asked.
  var applicants: [Applicant] = []
  /// What ended the view before this one: told to who missed it.
  var lastDecision: Decision?
  /// Nodes that are no longer members, the latest last: told so where they do not know it.
  var former: [MemberRecord] = []
  /// Nodes whose processes are known to have ended, the latest last.
  var gone: [NodeID] = []
  /// By subgroup of the view: whether this member holds the state.
  package var holds: [Bool] = []
  /// Whether the fabric of this view is broken, or was never formed.
  var isBroken = false
  /// Members that this one could not meet in this view's fabric.
  var unmet = RankSet()
  var lastTick: UInt64
  var nextHeartbeat: UInt64

  /// A node that founds the cluster `cluster`, or joins one where its settings name seeds.
  package init(
    _ record: MemberRecord, cluster: NodeID, settings: MembershipSettings, now: UInt64
  ) {
    self.settings = settings
    self.record = record
    lastTick = now
    nextHeartbeat = now
    if settings.seeds.isEmpty {
      enter(.founding(cluster: cluster, founder: record, rules: settings.rules), now)
    } else {
      joining = JoinAttempt(seeds: settings.seeds, deadline: now &+ settings.joinTimeout)
    }
  }

  /// The latest proposal for the end of the view that this member stood by.
  package var echoed: Decision? { change.echoed }

  /// Whether this member takes no more part in the view's multicast.
  package var isWedged: Bool { change.promised > .none }

  /// Goes on in `view`.
  mutating func enter(_ view: View, _ now: UInt64) {
    guard let own = view.rank(of: record.id) else {
      preconditionFailure("a node enters views that have it")
    }
    self.view = view
    rank = own
    joining = nil
    peers = view.members.map { member in
      var state = PeerState(lastHeard: now)
      state.isGone = gone.contains(member.id)
      return state
    }
    change = ViewChange()
    holds = view.subgroups.map { $0.holders.contains(own) }
    isBroken = false
    unmet = RankSet()
    applicants.removeAll { applicant in view.rank(of: applicant.record.id) != nil }
    nextHeartbeat = now
  }

  /// Tells a step to who looks.
  mutating func tell(_ step: MembershipStep) {
    if steps != nil, let view { steps?.append((view.number, step)) }
  }

  /// Takes a letter in. What comes from nodes that are not in the view is not believed, but
  /// answered.
  package mutating func receive(
    _ letter: Letter, from sender: NodeID, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    guard stopped == nil else { return }
    switch letter {
    case .join(let request): return takeJoin(request, from: sender, now, into: &effects)
    case .waiting(let members, let reason, let stamp):
      joining?.wait(members, reason)
      guard let stamped = joining?.note(stamp, of: sender), stamped else { return }
      // The first answer is answered at once: it is what lets this node in.
      nextHeartbeat = now
      return ask(now, into: &effects)
    case .refused(let reason):
      if joining != nil { stop(.refused(reason), into: &effects) }
      return
    case .commit(let decision): return take(decision, now, into: &effects)
    case .excluded(let number):
      if let view, number > view.number { stop(.excluded(view: number), into: &effects) }
      return
    default: break
    }
    guard let view else { return }
    guard let peer = view.rank(of: sender) else {
      return answerStranger(sender, letter, into: &effects)
    }
    heard(peer, now)
    guard let number = letter.view else { return }
    if number < view.number { return repeatDecision(to: peer, into: &effects) }
    guard number == view.number else { return }
    take(letter, from: peer, now, into: &effects)
  }

  /// A letter of a member, for this view.
  private mutating func take(
    _ letter: Letter, from peer: Rank, _ now: UInt64, into effects: inout [MembershipEffect]
  ) {
    switch letter {
    case .heartbeat(let health): peers[peer.index].health = health
    case .begin(_, let ballot) where ballot.leader == peer:
      promise(ballot, into: &effects)
    case .report(let report): take(report, from: peer, now, into: &effects)
    case .propose(let decision) where decision.ballot.leader == peer:
      echo(decision, into: &effects)
    case .echo(_, let ballot): takeEcho(ballot, from: peer, now, into: &effects)
    case .behind(_, let ballot): fallBehind(ballot)
    default: return
    }
    lead(now, into: &effects)
  }

  /// Time has passed. Called at least once a heartbeat, after all letters that came before it.
  package mutating func tick(_ now: UInt64, into effects: inout [MembershipEffect]) {
    guard stopped == nil else { return }
    forgiveOwnStall(now)
    if joining != nil { return ask(now, into: &effects) }
    lead(now, into: &effects)
    guard now >= nextHeartbeat, stopped == nil else { return }
    nextHeartbeat = now &+ settings.heartbeat
    sendHeartbeats(now, into: &effects)
    repeatLetters(into: &effects)
  }

  /// When `tick` has something to do at the latest.
  package var deadline: UInt64 { nextHeartbeat }

  /// Asks to leave; the node stops when the others go on without it.
  package mutating func leave(_ now: UInt64, into effects: inout [MembershipEffect]) {
    guard stopped == nil else { return }
    isLeaving = true
    guard let view, view.members.count > 1 else { return stop(.left, into: &effects) }
    sendHeartbeats(now, into: &effects)
    lead(now, into: &effects)
  }

  mutating func stop(_ reason: StopReason, into effects: inout [MembershipEffect]) {
    guard stopped == nil else { return }
    stopped = isLeaving && reason.isExclusion ? .left : reason
    effects.append(.stop(stopped ?? reason))
  }
}

extension StopReason {
  /// Whether the others went on without the node.
  fileprivate var isExclusion: Bool {
    if case .excluded = self { return true }
    return false
  }
}

extension Letter {
  /// The view that a letter between members is about.
  fileprivate var view: UInt64? {
    switch self {
    case .heartbeat(let health): health.view
    case .begin(let view, _), .echo(let view, _), .behind(let view, _): view
    case .report(let report): report.view
    case .propose(let decision), .commit(let decision): decision.view
    case .excluded, .join, .waiting, .refused: nil
    }
  }
}
