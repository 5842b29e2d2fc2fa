// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// Who waits for an answer.
enum Asker: Sendable, Hashable {
  /// A client of this node, by the number that its shell gave the request.
  case client(UInt64)
  /// Another node, for a client of its own.
  case node(NodeID, UInt64)
  /// This node's scheduler, by the number of its command.
  case scheduler(UInt64)
  /// Whoever asked was told already that it cannot be known.
  case nobody
}

extension Asker {
  /// Whether what was asked is sent again in the next view. A scheduler lives in one view, and what
  /// it decided there may not hold in the next. (guard: order.open)
  fileprivate var outlivesView: Bool {
    switch self {
    case .nobody, .scheduler: false
    case .client, .node: true
    }
  }

  fileprivate var isScheduler: Bool { if case .scheduler = self { true } else { false } }
}

/// A submission on its way through the total order.
struct Pending: Sendable {
  var asker: Asker
  let bytes: [UInt8]
}

/// Submissions of this node to one subgroup: those that wait for a place, and those that have one
/// in this view and are not yet delivered here. What a view change cuts off goes back to the front
/// of those that wait.
struct SubmissionQueue: Sendable {
  private var items: [Pending] = []
  /// Up to here, they were sent in this view.
  private var sent = 0
  private var head = 0

  var waiting: Int { items.count - head - sent }
  var underWay: Int { sent }
  var count: Int { items.count - head }

  /// The next one to be sent.
  var next: Pending? { head + sent < items.count ? items[head + sent] : nil }

  mutating func append(_ pending: Pending) { items.append(pending) }
  mutating func markSent() { sent += 1 }

  /// The oldest that was sent was delivered.
  mutating func takeDelivered() -> Pending {
    precondition(sent > 0, "what is delivered was sent before")
    let pending = items[head]
    head += 1
    sent -= 1
    if head > 256, 2 * head > items.count {
      items.removeFirst(head)
      head = 0
    }
    return pending
  }

  /// The view is over: what was sent and not delivered is sent again, where somebody waits for it.
  mutating func sendAgain() {
    items = items[head...].filter { $0.asker.outlivesView }
    head = 0
    sent = 0
  }

  /// Drops what was not sent, and lets go whoever waits for the rest. Returns who is to be told. A
  /// scheduler is nobody who could be told: it waits as long as its view lasts.
  mutating func turnAway() -> [Asker] {
    let askers = items[head...].map(\.asker).filter { !$0.isScheduler }
    let kept = items[(head + sent)...].filter(\.asker.isScheduler)
    items.removeLast(waiting)
    for index in head..<items.count where !items[index].asker.isScheduler {
      items[index].asker = .nobody
    }
    items += kept
    return askers
  }

  mutating func removeAll() -> [Pending] {
    defer { self = SubmissionQueue() }
    return Array(items[head...])
  }
}
