// SPDX-License-Identifier: Apache-2.0

/// The total order of a subgroup: its senders take turns, and the n-th message of sender i, both
/// from 0, stands at place `n · senders + i`. (Derecho, TOCS 36(2), 2019, section 3.3.)
///
/// Nobody decides an order and none is sent: whoever has the messages knows it. The price is that a
/// silent sender holds up all others, so it gives its turns away as soon as others are ahead.
struct TurnOrder: Sendable, Hashable {
  let senders: Int

  /// How many places of the order are filled without a gap, where the first `count` messages of
  /// `sender` are there, and those of all others.
  func prefix(_ count: UInt64, of sender: Int) -> UInt64 {
    count &* UInt64(senders) &+ UInt64(sender)
  }

  /// How many messages of `sender` stand in the first `prefix` places.
  func count(of sender: Int, in prefix: UInt64) -> UInt64 {
    let first = UInt64(sender)
    return prefix <= first ? 0 : (prefix &- first &- 1) / UInt64(senders) &+ 1
  }

  /// How many turns `sender` must have used so that the first `count` messages of `other` do not
  /// wait for it.
  func turns(of sender: Int, behind count: UInt64, of other: Int) -> UInt64 {
    sender < other || count == 0 ? count : count &- 1
  }
}
