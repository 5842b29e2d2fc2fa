// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import StateTable
package import Vocabulary

/// A message in the total order of its subgroup.
package struct Message {
  package let sender: Rank
  /// Its place in the order; skipped turns have places too.
  package let sequence: UInt64
  /// Its bytes in place: valid until the subgroup is asked for the next one.
  package let bytes: Bytes
}

/// Why a subgroup cannot go on.
package enum MulticastError: Error, Hashable, CustomStringConvertible {
  /// What a sender has in its memory is not what a correct sender writes.
  case damaged(subgroup: String, sender: Rank)

  package var description: String {
    switch self {
    case .damaged(let subgroup, let sender):
      "\(subgroup): \(sender) wrote what is no message; its program or its memory is at fault"
    }
  }
}

/// One member's part in the atomic multicast of one subgroup: a value that is stepped.
///
/// A turn is `receive`, then `next` and `reserve`/`commit` as often as the application likes, then
/// `publish`; what it wants pushed collects in between, in the order in which it must become
/// visible. Everything is batched: a turn takes in all that has arrived, delivers all that is
/// stable, and publishes all that was sent with one counter.
///
/// - A message is *received* here when its bytes and those of all before it in the order are.
/// - It is *stable* when all receivers have received it: the frontier of the column `received`.
/// - Stable messages are *delivered* in order, read in place.
/// - A sender uses the space of a message again when all receivers have delivered it: the frontier
///   of the column `delivered`. That is all the flow control there is.
///
/// Follows Derecho's atomic multicast (TOCS 36(2), 2019, section 3.3) with rings in the memory of
/// the subgroup's receivers alone, messages as long as they are, and senders that do not receive.
package struct Subgroup {
  package let layout: SubgroupLayout
  let rank: Rank
  /// Stored, because every turn tells them something.
  let participants: RankSet
  let table: StateTable
  let order: TurnOrder
  let segments: [SegmentView]
  /// One for each sender; none where this member is no receiver.
  var inboxes: [Inbox] = []
  /// Nil where this member is no sender.
  var outbox: Outbox?

  // Stored, because to ask an element of an array for what it computes copies the element.
  package let isReceiver: Bool
  package let isSender: Bool

  /// Places of the order that all receivers have.
  var stable: UInt64 = 0
  /// Places of the order that were handed out here.
  var taken: UInt64 = 0
  /// Whether the last message that was handed out may still be in use.
  var isInHand = false
  /// The sender of the place `taken`.
  var turn = 0

  package init(_ layout: SubgroupLayout, table: StateTable) {
    self.layout = layout
    self.table = table
    rank = table.rank
    participants = layout.plan.participants
    segments = table.views
    order = TurnOrder(senders: layout.plan.senders.count)
    let plan = layout.plan
    isReceiver = plan.receivers.contains(rank)
    isSender = plan.senders.contains(rank)
    for (index, sender) in plan.senders.enumerated() {
      let relays = layout.blockGroups[index].filter { $0.contains(table.rank) }.map {
        BlockRelay(layout, sender: index, group: $0, member: table.rank)
      }
      if sender == rank {
        outbox = Outbox(layout, sender: index, segment: segments[rank.index], relays: relays)
      }
      if plan.receivers.contains(rank) {
        // A sender has its own messages whole; its outbox brings them on their way.
        inboxes.append(
          Inbox(
            layout, sender: index, segment: segments[sender.index],
            relay: sender == rank ? nil : relays.first))
      }
    }
  }

  package var plan: SubgroupPlan { layout.plan }

  /// Looks at what the others have published: takes in what has arrived, passes blocks on, takes
  /// back the space of what was delivered everywhere.
  package mutating func receive(into pushes: inout Pushes) throws(MulticastError) {
    if isReceiver {
      for index in inboxes.indices { try receive(from: index, into: &pushes) }
      advanceReceived(into: &pushes)
      stable = max(stable, table.frontier(layout.received, over: plan.receivers))
    }
    if outbox != nil {
      let delivered = table.frontier(layout.delivered, over: plan.receivers)
      outbox?.free(delivered, order)
    }
  }

  private mutating func receive(
    from sender: Int, into pushes: inout Pushes
  ) throws(MulticastError) {
    let tail = table.read(layout.tail, of: plan.senders[sender])
    do {
      try inboxes[sender].receive(upTo: tail, segments, into: &pushes)
    } catch {
      throw .damaged(subgroup: plan.name, sender: plan.senders[sender])
    }
  }

  private func advanceReceived(into pushes: inout Pushes) {
    var prefix = UInt64.max
    for index in inboxes.indices {
      prefix = min(prefix, order.prefix(inboxes[index].received, of: index))
    }
    table.advance(layout.received, to: prefix, telling: participants, into: &pushes)
  }

  /// Lets the first `count` places of the order be delivered, as the view change has decided: all
  /// members that go on have them, though they may not know it from the columns.
  package mutating func release(upTo count: UInt64) {
    precondition(
      !isReceiver || table.read(layout.received, of: rank) >= count,
      "\(plan.name): \(rank) lets go what it does not have")
    stable = max(stable, count)
  }

  /// Places of the total order that were delivered here.
  package var deliveredCount: UInt64 { taken }

  /// The next message of the total order; nil where none is stable. Asking for it tells that the
  /// one before it is no longer in use.
  package mutating func next() throws(MulticastError) -> Message? {
    isInHand = false
    // guard: deliver.stable
    while taken < stable {
      let sender = turn
      let bytes: Bytes?
      do { bytes = try inboxes[sender].take() } catch {
        throw .damaged(subgroup: plan.name, sender: plan.senders[sender])
      }
      turn = turn &+ 1 == order.senders ? 0 : turn &+ 1
      taken &+= 1
      if let bytes {
        isInHand = true
        return Message(sender: plan.senders[sender], sequence: taken &- 1, bytes: bytes)
      }
    }
    return nil
  }

  /// Publishes what this turn has sent and delivered, and gives turns away that others wait for.
  package mutating func publish(into pushes: inout Pushes) throws(MulticastError) {
    if outbox != nil {
      try giveTurnsAway()
      outbox?.publish(table, telling: participants, into: &pushes)
      outbox?.relay(segments, into: &pushes)
      if isReceiver, let own = outbox?.sender { try receive(from: own, into: &pushes) }
    }
    guard isReceiver else { return }
    advanceReceived(into: &pushes)
    let delivered = taken &- (isInHand ? 1 : 0)
    table.advance(layout.delivered, to: delivered, telling: participants, into: &pushes)
  }

  /// Uses turns for nothing where other senders are ahead: their messages would wait. Not while a
  /// message is being filled: its place is where the next entry goes, and it takes the turn.
  private mutating func giveTurnsAway() throws(MulticastError) {
    guard let own = outbox?.sender, let used = outbox?.count, outbox?.isFilling == false
    else { return }
    var needed: UInt64 = 0
    for (other, sender) in plan.senders.enumerated() where other != own {
      let sent = table.read(layout.sent, of: sender)
      // A sender is ahead by what may be under way and not more.
      guard sent <= used &+ UInt64(Limits.window) &+ 1 else {
        throw .damaged(subgroup: plan.name, sender: sender)
      }
      needed = max(needed, order.turns(of: own, behind: sent, of: other))
    }
    if needed > used { _ = outbox?.skipTurns(Int(needed &- used)) }
  }
}
