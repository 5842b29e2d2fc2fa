// SPDX-License-Identifier: Apache-2.0
import Memory
import Multicast
import Vocabulary

/// A member with an application that sends what the scenario asks for, in its own time, and takes
/// what comes, sometimes slowly.
final class SimulatedMember {
  let rank: Rank
  let fabric: SimulatedFabric
  private var member: GroupMember
  private let scenario: MulticastScenario
  private var random: SeededRandom
  /// By subgroup: messages that it has still to send.
  private var left: [Int]
  /// By subgroup: a message whose place is kept over several turns before it is filled and sent.
  private var slow: [(place: Reservation, bytes: [UInt8])?]
  /// Whether the application takes no message for now.
  private(set) var isIdle = false
  private(set) var error: String?

  init(_ layout: GroupLayout, _ scenario: MulticastScenario, _ fabric: SimulatedFabric) {
    rank = fabric.rank
    self.fabric = fabric
    self.scenario = scenario
    member = GroupMember(layout, on: fabric)
    random = SeededRandom(seed: scenario.seed &+ UInt64(rank.index) &* 7919)
    left = scenario.messages.map { $0[fabric.rank.index] }
    slow = left.map { _ in nil }
  }

  /// Goes on taking messages.
  func resume() {
    guard isIdle else { return }
    isIdle = false
    fabric.wake()
  }

  /// One turn; parks after a turn in which nothing was done.
  func turn(_ checkers: inout [OrderChecker], network: SimulatedNetwork) {
    guard error == nil else { return }
    fabric.arm()
    do {
      member.poll(fabric)
      let hasDone = try member.turn(on: fabric) { groups throws(MulticastError) in
        try work(&groups, &checkers, network)
      }
      if !hasDone { fabric.park(nanoseconds: 0) }
    } catch {
      self.error = "\(rank): \(error)"
    }
  }

  private func work(
    _ groups: inout [Subgroup], _ checkers: inout [OrderChecker], _ network: SimulatedNetwork
  ) throws(MulticastError) -> Bool {
    var hasDone = false
    for index in groups.indices {
      if groups[index].isReceiver, !isIdle {
        if try take(&groups[index], &checkers[index], network) { hasDone = true }
      }
      if groups[index].isSender, !fabric.isFenced, send(&groups[index], &checkers[index], index) {
        hasDone = true
      }
    }
    return hasDone
  }

  private func take(
    _ group: inout Subgroup, _ checker: inout OrderChecker, _ network: SimulatedNetwork
  ) throws(MulticastError) -> Bool {
    var hasDone = false
    while let message = try group.next() {
      hasDone = true
      checker.deliver(
        to: rank, sender: message.sender, sequence: message.sequence, bytes: message.bytes
      ) { holder, sent in
        let segment = network.fabrics[holder.index].segment(sent.sender)
        return sent.bytes.withBytes { $0 == segment.bytes(sent.offset, sent.bytes.count) }
      }
      // Now and then the application keeps a message for a while.
      if random.once(in: 30) {
        isIdle = true
        checker.release(rank, isInHand: true)
        return true
      }
    }
    checker.release(rank, isInHand: false)
    return hasDone
  }

  /// Sends some of what is left; true where it did, or could have.
  private func send(_ group: inout Subgroup, _ checker: inout OrderChecker, _ index: Int) -> Bool {
    guard left[index] > 0 else { return false }
    // Not now: but a member that says so must not sleep over it.
    if random.once(in: 3) { return true }
    if let (place, bytes) = slow[index] {
      slow[index] = nil
      fill(place, bytes, &group, &checker, index)
      return true
    }
    var hasDone = false
    for _ in 0..<random.number(in: 1...5) where left[index] > 0 {
      let bytes = content(checker.count(of: rank), group.plan)
      guard let place = group.reserve(bytes.count) else { break }
      if random.once(in: 10) {
        slow[index] = (place, bytes)
        return true
      }
      fill(place, bytes, &group, &checker, index)
      hasDone = true
    }
    return hasDone
  }

  private func fill(
    _ place: Reservation, _ bytes: [UInt8], _ group: inout Subgroup,
    _ checker: inout OrderChecker, _ index: Int
  ) {
    bytes.withBytes { place.segment.write($0, at: place.offset) }
    group.commit()
    checker.send(
      SentMessage(
        sender: rank, number: checker.count(of: rank), bytes: bytes, offset: place.offset))
    left[index] -= 1
  }

  /// A message of any size that the subgroup takes, with bytes that no other message has.
  private func content(_ number: Int, _ plan: SubgroupPlan) -> [UInt8] {
    let isSmall = plan.blockRingBytes == 0 || random.once(in: 2)
    let count = random.number(in: 0...(isSmall ? plan.smallBytes : plan.messageBytes))
    var pattern = SeededRandom(seed: UInt64(rank.index) << 32 | UInt64(number))
    var bytes = [UInt8](repeating: 0, count: count)
    var word: UInt64 = 0
    for place in bytes.indices {
      if place % 8 == 0 { word = pattern.next() }
      bytes[place] = UInt8(truncatingIfNeeded: word)
      word >>= 8
    }
    return bytes
  }
}
