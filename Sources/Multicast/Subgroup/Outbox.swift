// SPDX-License-Identifier: Apache-2.0
import Environment
package import Memory
import StateTable
import Vocabulary

/// A place in a sender's ring for one message, to be filled in place and then committed.
package struct Reservation {
  package let segment: SegmentView
  package let offset: Int
  package let byteCount: Int
}

/// What a sender keeps of its own messages.
struct Outbox {
  /// Its place among the subgroup's senders.
  let sender: Int
  private let layout: SubgroupLayout
  private var ring: SendRing
  /// How its blocks go out: to each group of receivers that do not see them in place.
  private var relays: [BlockRelay]
  private let segment: SegmentView
  /// Bytes of the ring that were published.
  private var published: UInt64 = 0
  /// Its messages that all receivers have delivered.
  private var delivered: UInt64 = 0
  private var reserved: Reservation?

  init(_ layout: SubgroupLayout, sender: Int, segment: SegmentView, relays: [BlockRelay]) {
    self.sender = sender
    self.layout = layout
    self.segment = segment
    self.relays = relays
    ring = SendRing(
      segment: segment, base: layout.smallRings[sender], bytes: layout.plan.smallRingBytes,
      blockBase: layout.blockRings[sender], blockBytes: layout.plan.blockRingBytes)
  }

  /// Turns used so far, for messages and for nothing.
  var count: UInt64 { ring.count }
  /// Messages that are not yet delivered everywhere, as far as is known here.
  var underWay: Int { Int(ring.count &- delivered) }
  /// Whether a place was given out for a message that is not yet sent.
  var isFilling: Bool { reserved != nil }

  /// A place for a message of `byteCount` bytes; nil while the window or the ring is full.
  mutating func reserve(_ byteCount: Int) -> Reservation? {
    precondition(
      byteCount >= 0 && byteCount <= layout.plan.messageBytes,
      "\(layout.plan.name): a message of 0 to \(layout.plan.messageBytes) bytes, not \(byteCount)")
    guard underWay < layout.plan.window else { return nil }
    let offset =
      byteCount <= layout.plan.smallBytes
      ? ring.reserve(byteCount) : ring.reserveBlocks(byteCount)
    guard let offset else { return nil }
    reserved = Reservation(segment: segment, offset: offset, byteCount: byteCount)
    return reserved
  }

  /// Makes the message at the reserved place the next one of this sender.
  mutating func commit() {
    guard let message = reserved else { preconditionFailure("no place is reserved") }
    reserved = nil
    guard message.byteCount > layout.plan.smallBytes else { return ring.commit(message.byteCount) }
    let transfer = BlockTransfer(
      start: message.offset, byteCount: message.byteCount, index: ring.count)
    for index in relays.indices { relays[index].begin(transfer) }
    ring.commitBlocks(message.byteCount)
  }

  /// Gives `turns` turns away; false while there is no room to say so.
  mutating func skipTurns(_ turns: Int) -> Bool { ring.skipTurns(turns) }

  /// Takes back what all receivers have delivered: the first `prefix` places of the order.
  mutating func free(_ prefix: UInt64, _ order: TurnOrder) {
    let count = order.count(of: sender, in: prefix)
    guard count > delivered else { return }
    delivered = count
    ring.free(count)
  }

  /// Publishes all entries that are new: first their bytes, then the counters.
  mutating func publish(
    _ table: StateTable, telling participants: RankSet, into pushes: inout Pushes
  ) {
    guard ring.position > published else { return }
    let plan = layout.plan
    let owner = plan.senders[sender]
    ring.push(from: published, owner: owner, to: plan.receivers.removing(owner), into: &pushes)
    published = ring.position
    table.advance(layout.sent, to: ring.count, telling: participants, into: &pushes)
    table.advance(layout.tail, to: published, telling: participants, into: &pushes)
  }

  /// Pushes blocks as far as receivers let it.
  mutating func relay(_ segments: [SegmentView], into pushes: inout Pushes) {
    for index in relays.indices { relays[index].step(segments, into: &pushes) }
  }
}

extension Subgroup {
  /// A place for this member's next message, in its ring; nil while the window is full: ask again
  /// after the next turn. Whoever fills it calls `commit`; one message at a time.
  ///
  /// Filling may take several turns, in which what others send has to wait: this member keeps its
  /// turn for the message. Asking again gives the place up for another one.
  package mutating func reserve(_ byteCount: Int) -> Reservation? {
    precondition(isSender, "\(rank) is no sender of \(plan.name)")
    return outbox?.reserve(byteCount)
  }

  /// Sends the message at the reserved place, with the next `publish`.
  package mutating func commit() { outbox?.commit() }

  /// Sends a copy of `bytes`; false while the window is full.
  package mutating func send(_ bytes: Bytes) -> Bool {
    guard let place = reserve(bytes.count) else { return false }
    place.segment.write(bytes, at: place.offset)
    commit()
    return true
  }

  /// Turns that this member has used, for messages and for nothing.
  package var usedTurns: UInt64 { outbox?.count ?? 0 }

  /// Its first turns that all receivers have delivered, as far as it knows.
  package var deliveredTurns: UInt64 { usedTurns - UInt64(underWay) }

  /// Its turns among the first `places` of the total order.
  package func ownTurns(in places: UInt64) -> UInt64 {
    outbox.map { order.count(of: $0.sender, in: places) } ?? 0
  }

  /// Messages of this member that were sent and are not yet delivered everywhere, as far as it
  /// knows.
  package var underWay: Int { outbox?.underWay ?? 0 }
}
