// SPDX-License-Identifier: Apache-2.0

/// A queue over one array that is used around: appending and removing cost a few instructions, and
/// nothing is allocated once it has grown.
struct FIFO<Element> {
  private var slots: [Element?] = []
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var first: Element? { count == 0 ? nil : slots[head] }

  /// The element at `place`, counted from the front.
  subscript(place: Int) -> Element {
    guard place >= 0, place < count, let element = slots[(head &+ place) & (slots.count &- 1)]
    else { preconditionFailure("the queue has \(count) elements, none at \(place)") }
    return element
  }

  mutating func append(_ element: Element) {
    if count == slots.count { grow() }
    slots[(head &+ count) & (slots.count &- 1)] = element
    count &+= 1
  }

  mutating func removeFirst() {
    precondition(count > 0, "the queue is empty")
    slots[head] = nil
    head = (head &+ 1) & (slots.count &- 1)
    count &-= 1
  }

  private mutating func grow() {
    var grown = [Element?](repeating: nil, count: max(16, slots.count * 2))
    for place in 0..<count { grown[place] = slots[(head + place) & (slots.count - 1)] }
    slots = grown
    head = 0
  }
}
