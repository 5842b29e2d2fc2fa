// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Environment
import Membership
import Memory
import Multicast
import Replication
import Vocabulary

extension Node {
  /// A turn of the data plane: receives, applies what is stable, sends what waits, publishes.
  mutating func turn(_ now: UInt64, into effects: inout [NodeEffect]) -> Bool {
    guard let plane, let view = membership.view else { return false }
    let isWedged = membership.isWedged
    var hasWorked = false
    var lost = RankSet()
    do throws(MulticastError) {
      hasWorked = try plane.member.turn(on: plane.fabric) { groups throws(MulticastError) in
        let hasApplied = try deliver(&groups, plane.layout, view, now, into: &effects)
        if hasApplied { askAgain(into: &effects) }
        if isWedged { return hasApplied }
        let hasTransferred = try transfer(&groups, plane.layout, view, into: &effects)
        let hasSent = send(&groups, view, into: &effects)
        let hasSpread = sendJobs(&groups, view, now)
        return hasApplied || hasTransferred || hasSent || hasSpread
      }
    } catch {
      effects.append(.note("\(error)"))
      if case .damaged(_, let sender) = error { lost.insert(sender) }
      plane.wedge()
    }
    report(plane, lost, now, into: &effects)
    return hasWorked
  }

  /// Tells the membership what broke.
  private mutating func report(
    _ plane: DataPlane, _ lost: RankSet, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    let news = plane.news()
    guard !news.isEmpty || !lost.isEmpty else { return }
    for event in news {
      switch event {
      case .unreachable(let peer, let reason):
        effects.append(.note(describe("lost", peer, reason)))
      case .refused(let peer, let reason):
        effects.append(.note(describe("refused", peer, reason)))
      }
    }
    var changes: [MembershipEffect] = []
    membership.broken(unmet: lost, wasFormed: true, now, into: &changes)
    carryOut(changes, now, into: &effects)
  }

  private func describe(_ what: String, _ peer: Rank, _ reason: String) -> String {
    let name = membership.view?.record(peer).name ?? "\(peer)"
    return "\(what) \(name): \(reason)"
  }

  /// Applies all that may be delivered, where this member holds the state. True where it did.
  mutating func deliver(
    _ groups: inout [Subgroup], _ layout: ViewLayout, _ view: View, _ now: UInt64,
    into effects: inout [NodeEffect]
  ) throws(MulticastError) -> Bool {
    var hasApplied = false
    for index in view.subgroups.indices where groups[index].isReceiver {
      let role = view.subgroups[index].role
      guard slots[index].receiver == nil else { continue }
      while let message = try groups[index].next() {
        hasApplied = true
        apply(message, index, role, view, now, into: &effects)
      }
    }
    return hasApplied
  }

  private mutating func apply(
    _ message: Message, _ index: Int, _ role: Role, _ view: View, _ now: UInt64,
    into effects: inout [NodeEffect]
  ) {
    let version = Version(view: view.number, sequence: message.sequence)
    if isObserved {
      let sender = view.record(message.sender).id
      effects.append(.applied(role, version, sender: sender, Array(message.bytes)))
    }
    guard role == .coordinator else {
      return takeJobs(message, role, from: view.record(message.sender).id, now, into: &effects)
    }
    guard let outcome = slots[index].replica?.deliver(message.bytes, at: version),
      message.sender == dataRank
    else { return }
    let pending = queues[index].takeDelivered()
    answer(pending.asker, .outcome(outcome), into: &effects)
  }

  /// Gives state to who joins, and takes it in. True where it did.
  private mutating func transfer(
    _ groups: inout [Subgroup], _ layout: ViewLayout, _ view: View,
    into effects: inout [NodeEffect]
  ) throws(MulticastError) -> Bool {
    var hasWorked = false
    for index in view.subgroups.indices {
      guard let place = layout.transfers[index] else { continue }
      if slots[index].sender != nil {
        if give(index, &groups[place]) { hasWorked = true }
      } else if slots[index].receiver != nil {
        while slots[index].receiver != nil, let message = try groups[place].next() {
          hasWorked = true
          take(message, index, view, into: &effects)
        }
      }
    }
    return hasWorked
  }

  private mutating func give(_ index: Int, _ group: inout Subgroup) -> Bool {
    var hasSent = false
    while let sender = slots[index].sender, !sender.isDone {
      let count = sender.next(limits.sizes.transferBytes)
      guard let place = group.reserve(count) else { break }
      slots[index].sender?.take(count) { place.segment.write($0, at: place.offset) }
      group.commit()
      hasSent = true
    }
    if slots[index].sender?.isDone == true { slots[index].sender = nil }
    return hasSent
  }

  private mutating func take(
    _ message: Message, _ index: Int, _ view: View, into effects: inout [NodeEffect]
  ) {
    do {
      guard let state = try slots[index].receiver?.take(message.bytes) else { return }
      slots[index].replica = try state.withBytes { try Replica(reading: $0) }
      slots[index].receiver = nil
      membership.holds[index] = true
      trace(.transferred(view: view.number, group: index), &effects)
      effects.append(.note("\(view.subgroups[index].role) is here: \(state.count) bytes"))
    } catch {
      preconditionFailure(
        "\(message.sender) gave a state of \(view.subgroups[index].role) "
          + "that cannot be read")
    }
  }

  /// Sends what waits, as far as there is room. True where it did.
  private mutating func send(
    _ groups: inout [Subgroup], _ view: View, into effects: inout [NodeEffect]
  ) -> Bool {
    var hasSent = false
    for index in view.subgroups.indices
    where groups[index].isSender && view.subgroups[index].role == .coordinator {
      while let pending = queues[index].next, let place = groups[index].reserve(pending.bytes.count)
      {
        pending.bytes.withBytes { place.segment.write($0, at: place.offset) }
        groups[index].commit()
        queues[index].markSent()
        hasSent = true
      }
    }
    return hasSent
  }

  func trace(_ action: @autoclosure () -> TraceAction, _ effects: inout [NodeEffect]) {
    if isObserved { effects.append(.traced(action())) }
  }
}
