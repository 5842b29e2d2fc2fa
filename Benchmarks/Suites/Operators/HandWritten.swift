// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

// What loops are made of that a careful programmer writes for one task: no partitions, no blocks,
// no errors that name a line.

/// Hands every line of a file to `body`.
@inline(__always) func eachLine(of path: String, _ body: (Bytes) throws -> Void) throws {
  let file = try Files.openToRead(path)
  defer { close(file) }
  var buffer = ByteBuffer(capacity: 1 << 19)
  while true {
    let isAtEnd = try Files.read(file, 1 << 18, to: &buffer) == 0
    let bytes = buffer.bytes
    var start = 0
    while let end = bytes.firstIndex(of: 0x0A, from: start) {
      try body(bytes[start..<end])
      start = end &+ 1
    }
    if isAtEnd {
      if start < bytes.count { try body(bytes[start..<bytes.count]) }
      return
    }
    buffer.keepTail(from: start)
  }
}

/// Hands every line with a key and a number to `body`.
@inline(__always) func eachPair(
  of path: String, _ body: (_ key: Int, _ value: Int) throws -> Void
) throws {
  try eachLine(of: path) { line in
    if let (key, value) = line.pair { try body(key, value) }
  }
}

extension Bytes {
  /// Two numbers with a space between them.
  var pair: (key: Int, value: Int)? {
    guard let space = firstIndex(of: 0x20), let key = Int(self[0..<space]),
      let value = Int(self[(space + 1)..<count])
    else { return nil }
    return (key, value)
  }

  /// Whether it ends with 77, as few do.
  var isRare: Bool { count >= 2 && self[count - 1] == 0x37 && self[count - 2] == 0x37 }
}

/// Whether it is one of few.
@inline(__always) func isRare(_ number: Int) -> Bool { number % 128 == 77 }

/// Values by numbers, in slots that are probed one after the other.
struct NumberTable<Value> {
  private struct Slot {
    var key = 0
    var value: Value
    var isTaken = false
  }
  private var slots: [Slot]
  private let empty: Value
  private(set) var count = 0

  init(_ empty: Value) {
    self.empty = empty
    slots = Array(repeating: Slot(value: empty), count: 1 << 10)
  }

  @inline(__always) private func slot(of key: Int) -> Int {
    let mask = slots.count &- 1
    var hash = UInt64(truncatingIfNeeded: key) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash &>> 32
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot].isTaken, slots[slot].key != key { slot = (slot &+ 1) & mask }
    return slot
  }

  func find(_ key: Int) -> Value? {
    let slot = slot(of: key)
    return slots[slot].isTaken ? slots[slot].value : nil
  }

  /// Lets `body` change the value of a key, which begins as the empty one.
  @inline(__always) mutating func update(_ key: Int, _ body: (inout Value) -> Void) {
    let slot = slot(of: key)
    if !slots[slot].isTaken {
      if 2 * count >= slots.count {
        grow()
        return update(key, body)
      }
      slots[slot].isTaken = true
      slots[slot].key = key
      count += 1
    }
    body(&slots[slot].value)
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(value: empty), count: old.count * 2)
    for one in old where one.isTaken { slots[slot(of: one.key)] = one }
  }

  /// Hands all pairs to `body`, in no order.
  @inline(__always) func each(_ body: (Int, Value) -> Void) {
    for slot in slots where slot.isTaken { body(slot.key, slot.value) }
  }

  /// All pairs in the order of their keys.
  var sorted: [(key: Int, value: Value)] {
    var pairs: [(key: Int, value: Value)] = []
    pairs.reserveCapacity(count)
    for slot in slots where slot.isTaken { pairs.append((slot.key, slot.value)) }
    pairs.sort { $0.key < $1.key }
    return pairs
  }
}

/// Counts by words, which are copied once each.
struct WordTable: ~Copyable {
  private struct Slot {
    var hash: UInt64 = 0
    var offset = 0
    var length = 0
    var count = 0
  }
  private var slots = [Slot](repeating: Slot(), count: 1 << 10)
  private var words = ByteBuffer(capacity: 1 << 16)
  private var count = 0

  private func slot(of word: Bytes, _ hash: UInt64) -> Int {
    let mask = slots.count &- 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot].count > 0, slots[slot].hash != hash || self.word(slots[slot]) != word {
      slot = (slot &+ 1) & mask
    }
    return slot
  }

  private func word(_ slot: Slot) -> Bytes {
    words.bytes[slot.offset..<(slot.offset + slot.length)]
  }

  mutating func add(_ word: Bytes) {
    let hash = unsafe keyHash(word.base, word.count, seed: 1)
    var slot = slot(of: word, hash)
    if slots[slot].count == 0 {
      if 2 * count >= slots.count {
        grow()
        slot = self.slot(of: word, hash)
      }
      slots[slot] = Slot(hash: hash, offset: words.count, length: word.count, count: 0)
      words.append(word)
      count += 1
    }
    slots[slot].count += 1
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: Slot(), count: old.count * 2)
    let mask = slots.count - 1
    for one in old where one.count > 0 {
      var slot = Int(truncatingIfNeeded: one.hash) & mask
      while slots[slot].count > 0 { slot = (slot + 1) & mask }
      slots[slot] = one
    }
  }

  /// Hands all words with their counts to `body`, in their order.
  func eachInOrder(_ body: (Bytes, Int) -> Void) {
    let taken = slots.filter { $0.count > 0 }
    for slot in taken.sorted(by: { word($0) < word($1) }) { body(word(slot), slot.count) }
  }
}
