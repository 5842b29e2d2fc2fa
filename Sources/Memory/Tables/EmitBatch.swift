// SPDX-License-Identifier: Apache-2.0
public import Vocabulary

/// Up to 64 emitted pairs, gathered so that a table can ask for all their slots ahead of use.
@safe
@usableFromInline package struct EmitBatch<Value>: ~Copyable {
  // Safe because pairs 0..<count are initialised, and `append` is refused when it is full.
  @unsafe @usableFromInline struct Pair {
    @usableFromInline var key: UnsafeRawPointer
    @usableFromInline var keyCount: Int
    /// The key's hash; before `resolve`, 1 where the key is an offset.
    @usableFromInline var hash: UInt64
    @usableFromInline var value: Value

    @inlinable @inline(__always)
    init(key: UnsafeRawPointer, keyCount: Int, hash: UInt64, value: Value) {
      unsafe self.key = unsafe key
      unsafe self.keyCount = keyCount
      unsafe self.hash = hash
      unsafe self.value = value
    }
  }

  @usableFromInline let pairs: UnsafeMutablePointer<Pair>
  @usableFromInline package private(set) var count = 0
  /// Pairs whose key is an offset.
  @usableFromInline var offsets = 0

  @inlinable package init() { unsafe pairs = .allocate(capacity: Limits.emitBatch) }

  deinit {
    unsafe pairs.deinitialize(count: count)
    unsafe pairs.deallocate()
  }

  @inlinable @inline(__always) package var isFull: Bool { count == Limits.emitBatch }

  @inlinable @inline(__always) package mutating func append(_ key: Bytes, _ value: Value) {
    precondition(count < Limits.emitBatch, "a batch is flushed when it is full")
    unsafe (pairs + count).initialize(
      to: Pair(key: key.base, keyCount: key.count, hash: 0, value: value))
    count &+= 1
  }

  /// Appends a pair whose key stands at `offset` of a buffer that may still move.
  @inlinable @inline(__always)
  package mutating func append(keyAt offset: Int, count keyCount: Int, _ value: Value) {
    precondition(count < Limits.emitBatch, "a batch is flushed when it is full")
    // The address is made whole by `resolve`; one is added because no address is zero.
    guard let place = unsafe UnsafeRawPointer(bitPattern: offset &+ 1) else { return }
    unsafe (pairs + count).initialize(
      to: Pair(key: place, keyCount: keyCount, hash: 1, value: value))
    count &+= 1
    offsets &+= 1
  }

  /// Points keys that were given by offset at their bytes, once the buffer moves no more.
  @inlinable @inline(__always) package mutating func resolve(in buffer: borrowing ByteBuffer) {
    if offsets == 0 { return }
    for index in 0..<count where unsafe pairs[index].hash == 1 {
      let offset = unsafe Int(bitPattern: pairs[index].key) &- 1
      unsafe pairs[index].key = UnsafeRawPointer(buffer.base) + offset
      unsafe pairs[index].hash = 0
    }
    offsets = 0
  }

  @inlinable package func key(_ index: Int) -> Bytes {
    precondition(index < count, "no such pair")
    return unsafe Bytes(pairs[index].key, pairs[index].keyCount)
  }

  @inlinable package func value(_ index: Int) -> Value {
    precondition(index < count, "no such pair")
    return unsafe pairs[index].value
  }

  @inlinable package mutating func removeAll() {
    unsafe pairs.deinitialize(count: count)
    count = 0
    offsets = 0
  }
}
