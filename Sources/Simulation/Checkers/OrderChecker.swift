// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// What a member sent, as the application knows it.
package struct SentMessage: Sendable {
  package let sender: Rank
  /// Its number among the sender's messages, from 0.
  package let number: Int
  package let bytes: [UInt8]
  /// Where it was put into the sender's segment.
  package let offset: Int

  package init(sender: Rank, number: Int, bytes: [UInt8], offset: Int) {
    self.sender = sender
    self.number = number
    self.bytes = bytes
    self.offset = offset
  }
}

/// Holds what one subgroup's receivers were given against what its senders sent. It knows nothing
/// of counters and rings: only messages, the order in which they came, and where their bytes lie.
package struct OrderChecker {
  private let name: String
  private let receivers: RankSet
  private let window: Int
  /// By sender's rank.
  private var sent: [[SentMessage]]
  /// The order that was seen first, which all others must repeat.
  private var order: [(sender: Rank, number: Int, sequence: UInt64)] = []
  /// By receiver's rank: how many messages it was given.
  private var given: [Int]
  /// By receiver's rank and sender's rank: how many messages of the sender it was given, and how
  /// many of them it no longer uses.
  private var givenBySender: [[Int]]
  private var usedBySender: [[Int]]
  package private(set) var violations: [String] = []

  package init(name: String, members: Int, receivers: RankSet, window: Int) {
    self.name = name
    self.receivers = receivers
    self.window = window
    sent = [[SentMessage]](repeating: [], count: members)
    given = [Int](repeating: 0, count: members)
    givenBySender = [[Int]](repeating: given, count: members)
    usedBySender = givenBySender
  }

  package var delivered: Int { given.reduce(0, +) }

  /// Messages of `sender` that were sent so far.
  package func count(of sender: Rank) -> Int { sent[sender.index].count }

  /// A message was sent.
  package mutating func send(_ message: SentMessage) {
    sent[message.sender.index].append(message)
    let delivered = receivers.map { usedBySender[$0.index][message.sender.index] }.min() ?? 0
    let underWay = sent[message.sender.index].count - delivered
    if underWay > window {
      fail("\(message.sender) has \(underWay) messages under way; the window is \(window)")
    }
  }

  /// A receiver was given a message. `holds` tells whether a member's memory has a message's bytes
  /// at their place of the sender's segment: whoever is given it first, all receivers have it.
  package mutating func deliver(
    to receiver: Rank, sender: Rank, sequence: UInt64, bytes: Bytes,
    holds: (_ member: Rank, _ message: SentMessage) -> Bool
  ) {
    let place = given[receiver.index]
    let number = givenBySender[receiver.index][sender.index]
    given[receiver.index] += 1
    givenBySender[receiver.index][sender.index] += 1
    guard number < sent[sender.index].count else {
      return fail("\(receiver) was given a message that \(sender) never sent")
    }
    let message = sent[sender.index][number]
    if !message.bytes.withBytes({ $0 == bytes }) {
      fail("\(receiver) was given other bytes than message \(number) of \(sender)")
    }
    if place == order.count {
      if let last = order.last, last.sequence >= sequence {
        fail("\(receiver): place \(sequence) of the order came after \(last.sequence)")
      }
      order.append((sender, number, sequence))
      for member in receivers where !holds(member, message) {
        fail("\(receiver) was given message \(number) of \(sender), which \(member) does not have")
      }
    } else if order[place] != (sender, number, sequence) {
      fail("\(receiver) was given \(sender)'s message \(number) as its \(place)th; others another")
    }
  }

  /// A receiver no longer uses what it was given, but for the last message where that is in hand.
  package mutating func release(_ receiver: Rank, isInHand: Bool) {
    usedBySender[receiver.index] = givenBySender[receiver.index]
    if isInHand, given[receiver.index] > 0 {
      usedBySender[receiver.index][order[given[receiver.index] - 1].sender.index] -= 1
    }
  }

  /// Checks that `receiver` was given all that was sent.
  package mutating func checkComplete(_ receiver: Rank) {
    for (sender, messages) in sent.enumerated() {
      let count = givenBySender[receiver.index][sender]
      if count != messages.count {
        fail("\(receiver) was given \(count) of \(messages.count) messages of rank \(sender)")
      }
    }
  }

  private mutating func fail(_ text: String) {
    if violations.count < 10 { violations.append("\(name): \(text)") }
  }
}
