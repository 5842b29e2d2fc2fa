// SPDX-License-Identifier: Apache-2.0

/// What happens when, earliest first; at one time in the order in which it was put in. A binary
/// heap: O(log events).
struct EventQueue<Event> {
  private var heap: [(time: UInt64, order: UInt64, event: Event)] = []
  private var order: UInt64 = 0

  var nextTime: UInt64? { heap.first?.time }
  var count: Int { heap.count }

  mutating func add(_ event: Event, at time: UInt64) {
    order += 1
    heap.append((time, order, event))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(child, parent) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// The first event that is due at `time`.
  mutating func next(due time: UInt64) -> Event? {
    guard let first = heap.first, first.time <= time else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if isBefore(child, least) { least = child }
      }
      if least == parent { return first.event }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].time, heap[a].order) < (heap[b].time, heap[b].order)
  }
}
