// SPDX-License-Identifier: Apache-2.0

/// The pushes from one member to another that are under way, first in, first out.
struct Link {
  private var flights: [Flight] = []
  private var head = 0

  var count: Int { flights.count - head }
  var isEmpty: Bool { head == flights.count }

  /// The push that lands next.
  var first: Flight {
    get { flights[head] }
    _modify { yield &flights[head] }
  }

  mutating func append(_ flight: Flight) { flights.append(flight) }

  mutating func removeFirst() {
    head += 1
    // Moves what is left to the front now and then: O(1) for each push, taken together.
    if head > 64, 2 * head > flights.count {
      flights.removeFirst(head)
      head = 0
    }
  }

  /// Forgets all but the first `count`.
  mutating func cut(to count: Int) { flights.removeLast(self.count - count) }
}
