// SPDX-License-Identifier: Apache-2.0

/// Counts the requests of one queue pair that are on their way.
///
/// Requests complete in order, and only those that are signalled say so: each quarter of the queue
/// one, and those that the caller asks for. One completion then frees all slots up to its own.
package struct SendWindow: Sendable {
  package let depth: Int
  package private(set) var posted: UInt64 = 0
  package private(set) var completed: UInt64 = 0
  /// Requests since the last one that was signalled.
  private var silent = 0

  package init(depth: Int) {
    precondition(depth > 0, "a queue has slots")
    self.depth = depth
  }

  package var free: Int { depth - Int(posted - completed) }

  /// Takes a slot: the number of the request, and whether it has to be signalled.
  package mutating func post(mustSignal: Bool = false) -> (number: UInt64, isSignaled: Bool) {
    precondition(free > 0, "a slot is taken where one is free")
    let number = posted
    posted += 1
    silent += 1
    let isSignaled = mustSignal || silent >= max(1, depth / 4)
    if isSignaled { silent = 0 }
    return (number, isSignaled)
  }

  /// Frees the slots up to a request, of whose number the low half is known. Returns the number.
  @discardableResult
  package mutating func complete(low: UInt32) -> UInt64 {
    let distance = low &- UInt32(truncatingIfNeeded: completed)
    let number = completed + UInt64(distance)
    precondition(number < posted, "a request that was posted completes")
    completed = number + 1
    return number
  }
}

/// What a completion says of its request: whose it was, and which.
package struct RequestName: Hashable, Sendable {
  package let bits: UInt64

  package init(bits: UInt64) { self.bits = bits }

  /// `low`: the low half of a send's number, or the slot of a receive.
  package init(_ connection: Int, isReceive: Bool, _ low: UInt32) {
    bits = UInt64(connection) << 33 | (isReceive ? 1 << 32 : 0) | UInt64(low)
  }

  package var connection: Int { Int(bits >> 33) }
  package var isReceive: Bool { bits >> 32 & 1 == 1 }
  package var low: UInt32 { UInt32(truncatingIfNeeded: bits) }
}
