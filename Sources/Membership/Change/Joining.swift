// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// A node's way into a cluster.
struct JoinAttempt: Sendable {
  /// Where to ask: what the settings name, and the members that were named in answers.
  let seeds: [String]
  private(set) var members: [MemberRecord] = []
  let deadline: UInt64
  private(set) var reason: String?

  init(seeds: [String], deadline: UInt64) {
    self.seeds = seeds
    self.deadline = deadline
  }

  mutating func wait(_ members: [MemberRecord], _ reason: String) {
    self.members = members
    self.reason = reason
  }

  /// By member that answered: its last stamp.
  private var stamps: [(member: NodeID, stamp: UInt64)] = []

  /// True where it is the first one of that member.
  mutating func note(_ stamp: UInt64, of member: NodeID) -> Bool {
    defer { keep(stamp, member) }
    return !stamps.contains { $0.member == member }
  }

  private mutating func keep(_ stamp: UInt64, _ member: NodeID) {
    stamps.removeAll { $0.member == member }
    stamps = (stamps + [(member, stamp)]).suffix(Limits.members)
  }

  func stamp(of member: NodeID) -> UInt64 {
    stamps.last { $0.member == member }?.stamp ?? 0
  }

  var waitsFor: String {
    reason ?? "nobody answers at \(seeds.joined(separator: ", ")); is a node running there?"
  }
}

/// A node that asked to join.
struct Applicant: Sendable, Hashable {
  let record: MemberRecord
  let since: UInt64
  /// When it was surely alive, by this member's clock; 0 until that is known.
  var lastHeard: UInt64
}

extension Membership {
  /// Asks again to be let in.
  mutating func ask(_ now: UInt64, into effects: inout [MembershipEffect]) {
    guard let joining else { return }
    guard now < joining.deadline else {
      return stop(.notJoined(waitedFor: joining.waitsFor), into: &effects)
    }
    guard now >= nextHeartbeat else { return }
    nextHeartbeat = now &+ settings.heartbeat
    for member in joining.members {
      let stamp = joining.stamp(of: member.id)
      let request = JoinRequest(record: record, rules: settings.rules, stamp: stamp)
      effects.append(.send(.join(request), to: member))
    }
    let request = JoinRequest(record: record, rules: settings.rules, stamp: 0)
    for seed in joining.seeds where !joining.members.contains(where: { $0.address == seed }) {
      effects.append(.ask(.join(request), address: seed))
    }
  }

  /// A node asks to be let in: it waits, with the others who do, for the next view.
  mutating func takeJoin(
    _ request: JoinRequest, from sender: NodeID, _ now: UInt64,
    into effects: inout [MembershipEffect]
  ) {
    guard let view, request.record.id == sender else { return }
    if view.rank(of: sender) != nil {
      guard let decision = lastDecision, decision.next == view else { return }
      effects.append(.send(.commit(decision), to: request.record))
      return
    }
    let place = applicants.firstIndex { $0.record.id == sender }
    let since = place.map { applicants[$0].since } ?? now
    if let reason = refusal(of: request, since: since, view, now) {
      effects.append(.send(.refused(reason: reason), to: request.record))
      return
    }
    if let place {
      // Only what it was answered shows that it was alive a moment ago: a request may have waited.
      applicants[place].lastHeard = max(applicants[place].lastHeard, request.stamp)
    } else if applicants.count < Limits.members {
      applicants.append(Applicant(record: request.record, since: now, lastHeard: 0))
    }
    let letter = Letter.waiting(
      members: view.members, reason: waits(now) ?? "the next view", stamp: now)
    effects.append(.send(letter, to: request.record))
    lead(now, into: &effects)
  }

  /// Why a node may never join; nil where it may wait. Who has its name may be its own life before,
  /// which the others have not missed yet: it is given the time.
  private mutating func refusal(
    of request: JoinRequest, since: UInt64, _ view: View, _ now: UInt64
  ) -> String? {
    guard request.rules == view.rules else {
      return "the cluster is laid out with \(view.rules.text), this node is set to "
        + "\(request.rules.text); give it the same settings"
    }
    let name = request.record.name
    let holder = view.ranks.first { view.record($0).name == name && !isSuspected($0, now) }
    guard let holder, now > since &+ settings.suspectAfter else { return nil }
    marks.insert(.nameTaken)
    return "the name \(name) is taken by the node at \(view.record(holder).address); "
      + "give this one another with --name"
  }

  /// Who of the applicants is let in with the next view.
  ///
  /// At most as many as bring it to twice the members that hold the coordinators' state: so where
  /// all members are coordinators, any majority of the next view has one that holds it. In larger
  /// clusters the view waits where all who hold it are lost. (guard: join.holders)
  mutating func admitted(by staying: RankSet, holders: RankSet, _ now: UInt64) -> [MemberRecord] {
    guard let view else { return [] }
    let waiting = applicants.filter { now <= $0.lastHeard &+ settings.suspectAfter }
    guard !waiting.isEmpty else { return [] }
    let kept = holders.intersection(staying)
    let without = view.subgroups[0].receivers.intersection(staying).subtracting(kept)
    let room = min(kept.count - without.count, Limits.members - staying.count)
    var names = staying.map { view.record($0).name }
    var admitted: [MemberRecord] = []
    for applicant in waiting where !names.contains(applicant.record.name) {
      guard admitted.count < room else {
        marks.insert(.limitsJoins)
        break
      }
      admitted.append(applicant.record)
      names.append(applicant.record.name)
    }
    return admitted
  }
}
