// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// Numbers different keys in the order in which they are first seen. O(1) for each look.
@usableFromInline package final class KeyIndex: @unchecked Sendable {
  // Sendable because it is only read once its builder has handed it on.
  @usableFromInline let table: HeapCell<KeyTable>

  /// `seed` is secret, so that no input can aim at slots.
  package init(seed: UInt64) { table = HeapCell(KeyTable(seed: seed)) }

  @inlinable package var count: Int { table.value.ends.count }

  /// The number of a key, which is new or known.
  package func insert(_ key: Bytes) -> Int { table.value.insert(key) }

  /// The number of a key; nil where it is not there.
  @inlinable @inline(__always) package func find(_ key: Bytes) -> Int? { table.value.find(key) }
}

/// The keys of an index. A slot knows hash and length of its key, which are all that has to be
/// looked at of short ones.
@usableFromInline struct KeyTable: ~Copyable {
  @usableFromInline struct Slot {
    @usableFromInline var hash: UInt64 = 0
    /// The number plus one; 0 where the slot is free.
    @usableFromInline var number: UInt32 = 0
    @usableFromInline var length: UInt32 = 0
  }

  private var bytes = ByteBuffer(capacity: 1024)
  /// By number: where the key's bytes end.
  @usableFromInline var ends: [Int] = []
  /// At most half of them are taken.
  @usableFromInline var slots = [Slot](repeating: Slot(), count: 64)
  @usableFromInline let seed: UInt64
  @usableFromInline let shortKeyHash: ShortKeyHash

  init(seed: UInt64) {
    self.seed = seed
    shortKeyHash = ShortKeyHash(seed: seed)
  }

  @usableFromInline func key(_ number: Int) -> Bytes {
    bytes.bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
  }

  @inlinable @inline(__always) func hash(_ key: Bytes) -> UInt64 {
    key.count <= ShortKeyHash.byteMaximum
      ? unsafe shortKeyHash(key.base, key.count) : unsafe keyHash(key.base, key.count, seed: seed)
  }

  /// The slot of a key, or the one where it belongs.
  @inlinable @inline(__always) func slot(of key: Bytes, _ hash: UInt64) -> Int {
    let mask = slots.count &- 1
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place].number != 0, !isKey(slots[place], key, hash) { place = (place &+ 1) & mask }
    return place
  }

  @inlinable @inline(__always) func isKey(_ slot: Slot, _ key: Bytes, _ hash: UInt64) -> Bool {
    guard slot.hash == hash, Int(slot.length) == key.count else { return false }
    return key.count <= ShortKeyHash.byteMaximum || self.key(Int(slot.number) &- 1) == key
  }

  @inlinable @inline(__always) func find(_ key: Bytes) -> Int? {
    let number = slots[slot(of: key, hash(key))].number
    return number == 0 ? nil : Int(number) &- 1
  }

  mutating func insert(_ key: Bytes) -> Int {
    let hash = hash(key)
    let place = slot(of: key, hash)
    if slots[place].number != 0 { return Int(slots[place].number) - 1 }
    precondition(key.count <= Limits.recordBytes, "a key is longer than a record")
    bytes.append(key)
    ends.append(bytes.count)
    slots[place] = Slot(hash: hash, number: UInt32(ends.count), length: UInt32(key.count))
    if ends.count * 2 > slots.count { grow() }
    return ends.count - 1
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(), count: old.count * 2)
    let mask = slots.count - 1
    for slot in old where slot.number != 0 {
      var place = Int(truncatingIfNeeded: slot.hash) & mask
      while slots[place].number != 0 { place = (place + 1) & mask }
      slots[place] = slot
    }
  }
}
