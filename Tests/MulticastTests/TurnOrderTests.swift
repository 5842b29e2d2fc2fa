// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Multicast

/// Against a list of all places, counted through.
@Suite struct TurnOrderTests {
  @Test("prefix, count and turns agree with counting through the order", arguments: 1...6)
  func agreesWithCounting(senders: Int) {
    let order = TurnOrder(senders: senders)
    let places = (0..<8 * senders).map { (sender: $0 % senders, number: $0 / senders) }
    for sender in 0..<senders {
      for count in 0..<6 {
        // The first place that is missing where all others are there.
        let missing = places.firstIndex { $0.sender == sender && $0.number >= count }
        #expect(order.prefix(UInt64(count), of: sender) == missing.map { UInt64($0) })
      }
      for prefix in 0...places.count {
        let counted = places.prefix(prefix).count { $0.sender == sender }
        #expect(order.count(of: sender, in: UInt64(prefix)) == UInt64(counted))
      }
      for other in 0..<senders where other != sender {
        for count in 0..<6 {
          // Turns of the sender that stand before the other's last message.
          let last = places.firstIndex { $0.sender == other && $0.number == count - 1 } ?? 0
          let before = places.prefix(last).count { $0.sender == sender }
          #expect(order.turns(of: sender, behind: UInt64(count), of: other) == UInt64(before))
        }
      }
    }
  }
}
