// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Fabrics
import Glibc
import Memory
import Multicast
import StateTable
import Vocabulary

/// A member that sends its messages, checks what it is given, and goes when all are done.
struct Chatter {
  /// Says that a member has nothing more to do.
  static let finishedColumn = "finished"

  private let rank: Rank
  private let plan: SubgroupPlan
  private let messages: Int
  private let byteCounts: [Int]
  private var sent = 0
  /// By sender's rank.
  private var givenBySender: [Int]
  private(set) var delivered = 0
  private var checksum = Checksum()
  private var pattern = Pattern()
  private var wrong: String?

  init(rank: Rank, plan: SubgroupPlan, messages: Int, byteCounts: [Int]) {
    self.rank = rank
    self.plan = plan
    self.messages = messages
    self.byteCounts = byteCounts
    givenBySender = [Int](repeating: 0, count: Limits.members)
  }

  /// What was delivered, in its order.
  var digest: UInt64 { checksum.value }

  private var isReceiver: Bool { plan.receivers.contains(rank) }
  private var toDeliver: Int { isReceiver ? messages * plan.senders.count : 0 }

  /// Takes turns until this member's part is done, and for as long as others may need it.
  mutating func run(
    _ layout: GroupLayout, on fabric: any Fabric, limitSeconds: Int
  ) throws {
    var member = GroupMember(layout, on: fabric)
    guard let finished = layout.schema.columns.first(where: { $0.name == Self.finishedColumn })
    else { preconditionFailure("the layout has a column for the end") }
    var waiter = Waiter(for: fabric, parkNanoseconds: 20_000_000)
    let deadline = time(nil) + limitSeconds
    while true {
      let hasDone = try turn(&member, fabric)
      if let wrong { throw Violation(wrong) }
      let underWay = member.subgroups[0].underWay
      let isDone = sent == messages && delivered == toDeliver && underWay == 0
      if isDone { member.advance(finished, to: 1) }
      // Whoever closes ends the group for all: not before all have said that they are done.
      let areAllDone = member.table.frontier(finished, over: layout.plan.members) == 1
      if isDone, areAllDone || member.isWedged { return }
      if member.isWedged { throw Violation("a member was lost: \(member.events)") }
      guard time(nil) < deadline else {
        throw Violation("it hangs: sent \(sent), delivered \(delivered) of \(toDeliver)")
      }
      if hasDone {
        waiter.progressed()
      } else {
        try waiter.wait(on: fabric) { try turn(&member, fabric) }
      }
    }
  }

  private mutating func turn(_ member: inout GroupMember, _ fabric: any Fabric) throws -> Bool {
    member.poll(fabric)
    return try member.turn(on: fabric) { groups throws(MulticastError) in
      var hasDone = false
      if isReceiver {
        while let message = try groups[0].next() {
          take(message)
          hasDone = true
        }
      }
      return send(&groups[0]) || hasDone
    }
  }

  private mutating func take(_ message: Message) {
    let number = givenBySender[message.sender.index]
    givenBySender[message.sender.index] += 1
    delivered += 1
    let count = byteCounts[number % byteCounts.count]
    let key = patternKey(1, message.sender.index, UInt64(number))
    let isRight =
      message.bytes.count == count && pattern.with(key, count) { $0 == message.bytes }
    if !isRight, wrong == nil {
      wrong = "message \(number) of \(message.sender) is not what was sent: \(count) bytes"
    }
    Array("\(message.sender.index) \(message.sequence) ".utf8).withBytes { checksum.update($0) }
    checksum.update(message.bytes)
  }

  private mutating func send(_ group: inout Subgroup) -> Bool {
    var hasSent = false
    while sent < messages {
      let count = byteCounts[sent % byteCounts.count]
      guard let place = group.reserve(count) else { break }
      pattern.with(patternKey(1, rank.index, UInt64(sent)), count) {
        place.segment.write($0, at: place.offset)
      }
      group.commit()
      sent += 1
      hasSent = true
    }
    return hasSent
  }
}
