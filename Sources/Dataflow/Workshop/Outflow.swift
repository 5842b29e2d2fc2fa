// SPDX-License-Identifier: Apache-2.0

/// What a member sends in one subgroup, in order: what waits, and what is under way. What a view
/// does not deliver is sent again in the next one, in the same order, so that receivers see nothing
/// of the change.
package struct Outflow<Item: Sendable>: Sendable {
  /// Nil before `head`: who waits for a delivered item to be let go of does not wait for others.
  private var items: [Item?] = []
  private var head = 0
  /// Items from `head` on that were sent in this view and are not known to be delivered.
  private var sentCount = 0
  /// By message that is under way: the sender's turn that it took, and its items.
  private var messages: [(turn: UInt64, count: Int)] = []
  private var firstMessage = 0
  private let measure: @Sendable (Item) -> Int
  /// Bytes of items that wait to be sent.
  package private(set) var waitingBytes = 0

  package init(_ measure: @escaping @Sendable (Item) -> Int) { self.measure = measure }

  package mutating func append(_ item: Item) {
    items.append(item)
    waitingBytes += measure(item)
  }

  package var isEmpty: Bool { items.count == head }
  private var waiting: some Sequence<Item> { items[(head + sentCount)...].lazy.compactMap(\.self) }

  /// The items of the next message: as many as fit into `maximum` bytes, one at least.
  package func next(_ maximum: Int) -> (items: [Item], byteCount: Int) {
    var bytes = 0
    var found: [Item] = []
    if head + sentCount == items.count { return ([], 0) }
    for item in waiting {
      let size = measure(item)
      if !found.isEmpty, bytes + size > maximum { break }
      bytes += size
      found.append(item)
    }
    return (found, bytes)
  }

  /// Drops the next item.
  package mutating func dropNext() {
    let next = head + sentCount
    guard next < items.count, let item = items[next] else { return }
    waitingBytes -= measure(item)
    items.remove(at: next)
  }

  /// The next `count` items went out as one message, in the sender's turn `turn`.
  package mutating func markSent(_ count: Int, turn: UInt64) {
    waitingBytes -= waiting.prefix(count).reduce(0) { $0 + measure($1) }
    messages.append((turn, count))
    sentCount += count
  }

  /// All receivers have delivered the sender's first `turns` turns: hands out what was in them.
  package mutating func takeDelivered(_ turns: UInt64) -> [Item] {
    let start = head
    while firstMessage < messages.count, messages[firstMessage].turn < turns {
      head += messages[firstMessage].count
      sentCount -= messages[firstMessage].count
      firstMessage += 1
    }
    let delivered = items[start..<head].compactMap(\.self)
    for place in start..<head { items[place] = nil }
    if firstMessage > 64, 2 * firstMessage > messages.count {
      messages.removeFirst(firstMessage)
      firstMessage = 0
    }
    if head > 64, 2 * head > items.count {
      items.removeFirst(head)
      head = 0
    }
    return delivered
  }

  /// The view is over, after `turns` turns of the sender. Hands out what was in them; the rest that
  /// was sent waits again, as far as it is still wanted.
  package mutating func endView(
    _ turns: UInt64, _ isWanted: (Item) -> Bool
  ) -> [Item] {
    let delivered = takeDelivered(turns)
    let kept = items[head...].compactMap(\.self).filter(isWanted)
    items = kept
    head = 0
    sentCount = 0
    messages = []
    firstMessage = 0
    waitingBytes = kept.reduce(0) { $0 + measure($1) }
    return delivered
  }

  /// Drops what waits and is not wanted.
  package mutating func drop(_ isUnwanted: (Item) -> Bool) {
    let left = waiting.filter { !isUnwanted($0) }
    let count = items.count - head - sentCount
    guard left.count < count else { return }
    items.removeLast(count)
    items += left as [Item?]
    waitingBytes = left.reduce(0) { $0 + measure($1) }
  }
}
