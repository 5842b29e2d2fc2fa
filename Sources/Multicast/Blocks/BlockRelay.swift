// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

/// A large message on its way to the members of its group.
struct BlockTransfer {
  /// Where its bytes begin in the sender's segment, and in every copy of it.
  let start: Int
  let byteCount: Int
  /// How many messages the sender sent before it.
  let index: UInt64
}

/// One member's part in spreading the large messages of one sender to a group of receivers.
///
/// All is one-sided. A block lands at its final place: the sender's ring, whose space a message has
/// to itself until all receivers have delivered it. A counter of the pusher, pushed behind the
/// block, says that it is there; from the schedule the receiver knows which block that is. Another
/// counter comes back, which keeps a pusher at most a few blocks ahead.
///
/// Members take messages in the sender's order and their own sends in the schedule's order, each as
/// soon as the block is there, so several messages are under way at once. (Schedule: Behrens et
/// al., RDMC, DSN 2018; the counters in place of its two-sided acknowledgements are ours.)
struct BlockRelay {
  private struct Part {
    let transfer: BlockTransfer
    let script: BlockScript
  }

  private let plan: SubgroupPlan
  private let counters: [BlockCounters?]
  private let sender: Int
  private let owner: Rank
  private let member: Rank
  /// The members of the group by their place in the schedule, the sender first.
  private let group: [Rank]
  /// This member's place.
  private let place: Int
  /// Messages that are not yet both complete here and passed on.
  private var parts = FIFO<Part>()
  /// How many of them, from the front, are complete here.
  private var complete = 0
  /// How many of them, from the front, are passed on.
  private var passedOn = 0
  /// Sends of the first one after those that are done.
  private var nextSend = 0
  /// By place: blocks that came from there with the messages before the first incomplete one.
  private var receivedBefore: [UInt64]
  /// By place: the same for the messages before the first one that is not passed on.
  private var passedBefore: [UInt64]
  /// Members to whom a block was pushed in this turn. One is enough: a cell is carried with the
  /// value that it has at the end of the turn, so the counter behind a first block would already
  /// count a second one.
  private var served = RankSet()
  /// By place: blocks that were seen to arrive from there, and that were pushed to there.
  private var arrived: [UInt64]
  private var pushed: [UInt64]
  /// Used again for the next message of as many blocks.
  private var lastScript: BlockScript?

  /// The part of `member` in `group`, one of the groups of the sender's blocks.
  init(_ layout: SubgroupLayout, sender: Int, group: [Rank], member: Rank) {
    plan = layout.plan
    counters = layout.counters
    self.sender = sender
    self.member = member
    owner = layout.plan.senders[sender]
    self.group = group
    guard let place = group.firstIndex(of: member) else {
      preconditionFailure("\(member) has no part in blocks of \(layout.plan.name)")
    }
    self.place = place
    receivedBefore = [UInt64](repeating: 0, count: group.count)
    passedBefore = receivedBefore
    arrived = receivedBefore
    pushed = receivedBefore
  }

  /// Messages of the sender before its first one that is under way to here; nil where none is.
  var firstIncomplete: UInt64? { complete < parts.count ? parts[complete].transfer.index : nil }

  /// Takes part in the sender's next large message.
  mutating func begin(_ transfer: BlockTransfer) {
    let blocks = (transfer.byteCount + plan.blockBytes - 1) / plan.blockBytes
    let script: BlockScript
    if let last = lastScript, last.blocks == blocks {
      script = last
    } else {
      script = BlockScript(
        BlockSchedule(algorithm: plan.algorithm, members: group.count, blocks: blocks),
        member: place)
      lastScript = script
    }
    parts.append(Part(transfer: transfer, script: script))
  }

  /// Looks at what has arrived, and pushes what can be passed on. Called once in a turn.
  mutating func step(_ segments: [SegmentView], into pushes: inout Pushes) {
    guard !parts.isEmpty else { return }
    served = RankSet()
    if place > 0 { noteArrivals(segments, into: &pushes) }
    while complete < parts.count, isComplete(parts[complete].script) {
      addCounts(of: parts[complete].script, to: &receivedBefore)
      complete += 1
    }
    while passedOn < parts.count, passOn(parts[passedOn], segments, into: &pushes) {
      addCounts(of: parts[passedOn].script, to: &passedBefore)
      passedOn += 1
      nextSend = 0
    }
    while complete > 0, passedOn > 0 {
      parts.removeFirst()
      complete -= 1
      passedOn -= 1
    }
  }

  /// Reads how many blocks the others have pushed here, and tells them that they are seen.
  private mutating func noteArrivals(_ segments: [SegmentView], into pushes: inout Pushes) {
    for (source, rank) in group.enumerated() where source != place {
      let count =
        counters[rank.index]?.pushed(
          sender: sender, target: member, in: segments[rank.index]) ?? 0
      guard count > arrived[source] else { continue }
      arrived[source] = count
      counters[member.index]?.setArrived(
        count, sender: sender, source: rank, in: segments[member.index], into: &pushes)
    }
  }

  private func isComplete(_ script: BlockScript) -> Bool {
    if script.isRoot { return true }
    for source in group.indices {
      let wanted = script.count(from: source)
      if arrived[source] < receivedBefore[source] &+ UInt64(wanted) { return false }
    }
    return true
  }

  private func addCounts(of script: BlockScript, to counts: inout [UInt64]) {
    if script.isRoot { return }
    for source in group.indices { counts[source] &+= UInt64(script.count(from: source)) }
  }

  /// Pushes the blocks of a message that are here, in the schedule's order; true when that was all.
  private mutating func passOn(
    _ part: Part, _ segments: [SegmentView], into pushes: inout Pushes
  ) -> Bool {
    let sends = part.script.sends
    while nextSend < sends.count {
      let send = sends[nextSend]
      guard holds(send.block, part.script), mayPush(to: send.target, segments) else {
        return false
      }
      push(send, of: part.transfer, segments, into: &pushes)
      nextSend += 1
    }
    return true
  }

  private func holds(_ block: Int, _ script: BlockScript) -> Bool {
    if script.isRoot { return true }
    let source = script.source(of: block)
    return arrived[source] > passedBefore[source] &+ UInt64(script.ordinal(of: block))
  }

  /// Whether the target has seen enough of what was pushed to it.
  private func mayPush(to target: Int, _ segments: [SegmentView]) -> Bool {
    let rank = group[target]
    if served.contains(rank) { return false }
    let seen =
      counters[rank.index]?.arrived(sender: sender, source: member, in: segments[rank.index]) ?? 0
    return pushed[target] < seen &+ UInt64(plan.blockWindow)
  }

  private mutating func push(
    _ send: BlockScript.Send, of transfer: BlockTransfer, _ segments: [SegmentView],
    into pushes: inout Pushes
  ) {
    let target = group[send.target]
    let start = send.block * plan.blockBytes
    pushes.append(
      Push(
        owner: owner, offset: transfer.start + start,
        byteCount: min(plan.blockBytes, transfer.byteCount - start), kind: .payload,
        targets: RankSet([target])))
    served.insert(target)
    pushed[send.target] &+= 1
    counters[member.index]?.setPushed(
      pushed[send.target], sender: sender, target: target, in: segments[member.index],
      into: &pushes)
  }
}
