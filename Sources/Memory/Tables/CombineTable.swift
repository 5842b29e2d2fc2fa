// SPDX-License-Identifier: Apache-2.0
public import CSystem
public import Vocabulary

/// An open-addressing hash table from key bytes to values that are combined in place.
///
/// A slot holds hash, place and length of the key in an arena, and the value: 24 bytes for an
/// 8-byte value. Probing is linear; the load stays below five eighths. Pairs come in batches,
/// whose slots are prefetched together: the cache misses of a batch overlap. Short keys are known
/// by hash and length, and the arena, another miss, is left alone.
@safe
@usableFromInline package struct CombineTable<Value>: ~Copyable {
  // Safe because slots are found by masked index, a slot with place 0 is empty and holds no value,
  // and keys are offsets into the arena, which only grows.
  @usableFromInline var slots: UnsafeMutableRawPointer
  @usableFromInline var slotCount: Int
  @usableFromInline package private(set) var count = 0
  @usableFromInline var keys: ByteBuffer
  @usableFromInline let seed: UInt64
  @usableFromInline let shortKeyHash: ShortKeyHash

  @inlinable static var valueOffset: Int { 16 }
  /// Bytes of a slot. A value without a size still takes a byte when it is moved.
  @inlinable static var stride: Int {
    let alignment = Swift.max(8, MemoryLayout<Value>.alignment)
    return (16 &+ MemoryLayout<Value>.stride &+ alignment &- 1) / alignment &* alignment
  }

  /// An empty table whose keys are hashed with `seed`, with room for `keyCount` keys.
  @inlinable package init(seed: UInt64, keyCount: Int = 512) {
    precondition(MemoryLayout<Value>.alignment <= 16, "values are aligned to at most 16 bytes")
    self.seed = seed
    shortKeyHash = ShortKeyHash(seed: seed)
    var slotCount = 1024
    while slotCount < keyCount &* 2 { slotCount &*= 2 }
    self.slotCount = slotCount
    unsafe slots = Self.makeSlots(slotCount)
    keys = ByteBuffer(capacity: 4096)
  }

  deinit {
    unsafe Self.destroyValues(unsafe slots, slotCount)
    unsafe freeZeroed(slots, slotCount &* Self.stride)
  }

  @inlinable static func makeSlots(_ slotCount: Int) -> UnsafeMutableRawPointer {
    unsafe allocateZeroed(slotCount &* stride)
  }

  @inlinable static func destroyValues(_ slots: UnsafeMutableRawPointer, _ slotCount: Int) {
    for index in 0..<slotCount {
      let slot = unsafe slots + index &* stride
      if unsafe place(slot) != 0 {
        unsafe (slot + valueOffset).assumingMemoryBound(to: Value.self).deinitialize(count: 1)
      }
    }
  }

  /// Takes in a batch: the first value of a key is stored by `insert`, later ones by `update`.
  ///
  /// Pairs are taken in order. The caller sees to it that `count` stays within what it wants to
  /// hold; the table itself grows as needed. O(pairs) expected.
  @inlinable @inline(__always)
  package mutating func combine<Input>(
    _ batch: inout EmitBatch<Input>,
    insert: (Input) throws -> Value,
    update: (inout Value, inout Input) throws -> Void
  ) rethrows {
    if (count &+ batch.count) &* 8 > slotCount &* 5 { grow(for: count &+ batch.count) }
    let mask = slotCount &- 1
    var index = 0
    while index < batch.count {
      let pair = unsafe batch.pairs + index
      let hash = unsafe hash(pair.pointee.key, pair.pointee.keyCount)
      unsafe pair.pointee.hash = hash
      let slot = unsafe slots + (Int(truncatingIfNeeded: hash) & mask) &* Self.stride
      unsafe mapred_prefetch(slot)
      // Its end may stand in the next cache line, as may the next slot.
      unsafe mapred_prefetch(slot + Self.stride)
      index &+= 1
    }
    index = 0
    while index < batch.count {
      let pair = unsafe batch.pairs + index
      let (slot, isNew) = unsafe locate(
        pair.pointee.hash, pair.pointee.key, pair.pointee.keyCount)
      let value = unsafe (slots + slot &* Self.stride + Self.valueOffset)
        .assumingMemoryBound(to: Value.self)
      if isNew {
        try unsafe value.initialize(to: insert(pair.pointee.value))
        unsafe store(pair.pointee.hash, pair.pointee.key, pair.pointee.keyCount, in: slot)
      } else {
        try unsafe update(&value.pointee, &pair.pointee.value)
      }
      index &+= 1
    }
    batch.removeAll()
  }

  /// The same for keys that are here already; pairs with other keys are handed to `unknown`.
  @inlinable @inline(__always)
  package mutating func combineKnown<Input>(
    _ batch: inout EmitBatch<Input>,
    update: (inout Value, inout Input) throws -> Void,
    unknown: (Bytes, borrowing Input) throws -> Void
  ) rethrows {
    for index in 0..<batch.count {
      let pair = unsafe batch.pairs + index
      let (key, keyCount) = unsafe (pair.pointee.key, pair.pointee.keyCount)
      let (slot, isNew) = unsafe locate(hash(key, keyCount), key, keyCount)
      if isNew {
        try unsafe unknown(Bytes(key, keyCount), pair.pointee.value)
      } else {
        let value = unsafe (slots + slot &* Self.stride + Self.valueOffset)
          .assumingMemoryBound(to: Value.self)
        try unsafe update(&value.pointee, &pair.pointee.value)
      }
    }
    batch.removeAll()
  }

  /// Bytes that the table takes, without the memory of its values' own.
  @inlinable package var byteCount: Int { slotCount &* Self.stride &+ keys.capacity }

  /// Partitions use another hash, so that those of one partition do not share slots.
  @inlinable @inline(__always)
  func hash(_ key: UnsafeRawPointer, _ keyCount: Int) -> UInt64 {
    keyCount <= ShortKeyHash.byteMaximum
      ? unsafe shortKeyHash(key, keyCount) : unsafe keyHash(key, keyCount, seed: seed)
  }

  /// One more than where the key stands in the arena, and its length above that; 0 where the slot
  /// is empty.
  @inlinable @inline(__always)
  static func place(_ slot: UnsafeMutableRawPointer) -> UInt64 {
    unsafe slot.load(fromByteOffset: 8, as: UInt64.self)
  }

  @inlinable @inline(__always)
  func key(at place: UInt64) -> Bytes {
    let offset = Int(truncatingIfNeeded: place & 0xFFFF_FFFF) &- 1
    return unsafe Bytes(
      UnsafeRawPointer(keys.base) + offset, Int(truncatingIfNeeded: place &>> 32))
  }

  /// The slot of a key, or the empty one where it belongs.
  @inlinable @inline(__always)
  func locate(_ hash: UInt64, _ wanted: UnsafeRawPointer, _ keyCount: Int) -> (Int, isNew: Bool) {
    let mask = slotCount &- 1
    var index = Int(truncatingIfNeeded: hash) & mask
    while true {
      let slot = unsafe slots + index &* Self.stride
      let place = unsafe Self.place(slot)
      if place == 0 { return (index, true) }
      if unsafe slot.load(as: UInt64.self) == hash,
        Int(truncatingIfNeeded: place &>> 32) == keyCount
      {
        if keyCount <= ShortKeyHash.byteMaximum { return (index, false) }
        if unsafe equalBytes(key(at: place).base, wanted, keyCount) { return (index, false) }
      }
      index = (index &+ 1) & mask
    }
  }

  @inlinable @inline(__always)
  mutating func store(_ hash: UInt64, _ key: UnsafeRawPointer, _ keyCount: Int, in index: Int) {
    let slot = unsafe slots + index &* Self.stride
    precondition(
      keys.count &+ keyCount <= Limits.recordBytes, "the keys of one partition exceed 4 GiB")
    let place = UInt64(keys.count &+ 1) | UInt64(keyCount) &<< 32
    unsafe slot.storeBytes(of: hash, as: UInt64.self)
    unsafe slot.storeBytes(of: place, toByteOffset: 8, as: UInt64.self)
    unsafe keys.append(Bytes(key, keyCount))
    count &+= 1
  }

  @inlinable mutating func grow(for keyCount: Int) {
    var larger = slotCount
    while larger &* 5 < keyCount &* 8 { larger &*= 2 }
    if larger == slotCount { larger &*= 2 }
    let old = unsafe slots
    let oldCount = slotCount
    unsafe slots = Self.makeSlots(larger)
    slotCount = larger
    let mask = larger &- 1
    for place in 0..<oldCount {
      let source = unsafe old + place &* Self.stride
      if unsafe Self.place(source) == 0 { continue }
      var index = Int(truncatingIfNeeded: unsafe source.load(as: UInt64.self)) & mask
      while unsafe Self.place(slots + index &* Self.stride) != 0 {
        index = (index &+ 1) & mask
      }
      let target = unsafe slots + index &* Self.stride
      unsafe target.copyMemory(from: source, byteCount: 16)
      unsafe (target + Self.valueOffset).assumingMemoryBound(to: Value.self).moveInitialize(
        from: (source + Self.valueOffset).assumingMemoryBound(to: Value.self), count: 1)
    }
    unsafe freeZeroed(old, oldCount &* Self.stride)
  }

  /// Hands every value to `body`, in no meaningful order. O(slots)
  @usableFromInline package func forEachValue(_ body: (borrowing Value) -> Void) {
    for index in 0..<slotCount {
      let slot = unsafe slots + index &* Self.stride
      if unsafe Self.place(slot) == 0 { continue }
      unsafe body((slot + Self.valueOffset).assumingMemoryBound(to: Value.self).pointee)
    }
  }

  /// Hands every pair to `body`, in no meaningful order, and leaves the table empty.
  ///
  /// Order between keys carries no meaning here: each key stands in it once.
  @inlinable @inline(__always)
  package mutating func drain(_ body: (Bytes, borrowing Value) throws -> Void) rethrows {
    for index in 0..<slotCount {
      let slot = unsafe slots + index &* Self.stride
      let place = unsafe Self.place(slot)
      if place == 0 { continue }
      let value = unsafe (slot + Self.valueOffset).assumingMemoryBound(to: Value.self)
      try unsafe body(key(at: place), value.pointee)
      unsafe value.deinitialize(count: 1)
      unsafe slot.storeBytes(of: 0, toByteOffset: 8, as: UInt64.self)
    }
    count = 0
    keys.removeAll()
  }
}
