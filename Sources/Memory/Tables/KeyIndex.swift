// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// Numbers different keys in the order in which they are first seen. O(1) for each look.
@usableFromInline package final class KeyIndex: @unchecked Sendable {
  // Sendable because it is only read once its builder has handed it on.
  private var bytes = ByteBuffer(capacity: 1024)
  /// By number: where the key's bytes end.
  private var ends: [Int] = []
  /// Numbers plus one; 0 where a slot is free. At most half of them are taken.
  private var slots = [UInt32](repeating: 0, count: 64)
  private let seed: UInt64

  /// `seed` is secret, so that no input can aim at slots.
  package init(seed: UInt64) { self.seed = seed }

  package var count: Int { ends.count }

  private func key(_ number: Int) -> Bytes {
    bytes.bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
  }

  /// The slot of a key, or the one where it belongs.
  private func slot(of key: Bytes) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: unsafe keyHash(key.base, key.count, seed: seed)) & mask
    while slots[slot] != 0, !(self.key(Int(slots[slot]) - 1) == key) { slot = (slot + 1) & mask }
    return slot
  }

  /// The number of a key, which is new or known.
  package func insert(_ key: Bytes) -> Int {
    let slot = slot(of: key)
    if slots[slot] != 0 { return Int(slots[slot]) - 1 }
    bytes.append(key)
    ends.append(bytes.count)
    slots[slot] = UInt32(ends.count)
    if ends.count * 2 > slots.count { grow() }
    return ends.count - 1
  }

  private func grow() {
    slots = Array(repeating: 0, count: slots.count * 2)
    for number in ends.indices { slots[slot(of: key(number))] = UInt32(number + 1) }
  }

  /// The number of a key; nil where it is not there.
  @usableFromInline package func find(_ key: Bytes) -> Int? {
    let number = slots[slot(of: key)]
    return number == 0 ? nil : Int(number) - 1
  }
}
