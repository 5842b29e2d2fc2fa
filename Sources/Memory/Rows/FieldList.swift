// SPDX-License-Identifier: Apache-2.0

/// The fields of rows or of an object: views, in memory that is kept from one to the next.
@safe
@usableFromInline package struct FieldList: ~Copyable {
  // Safe because the memory is owned alone, all places below `count` are written, and every access
  // is checked against it.
  private var base: UnsafeMutablePointer<Bytes>
  private var capacity: Int
  @usableFromInline package private(set) var count = 0

  init() {
    capacity = 16
    unsafe base = .allocate(capacity: capacity)
  }

  deinit { unsafe base.deallocate() }

  package subscript(index: Int) -> Bytes {
    precondition(index >= 0 && index < count, "field index out of range")
    return unsafe base[index]
  }

  @inline(__always) mutating func append(_ field: Bytes) {
    if count == capacity { grow() }
    unsafe base.advanced(by: count).initialize(to: field)
    count &+= 1
  }

  mutating func removeAll() { count = 0 }

  /// Drops what stands behind the first `newCount` fields.
  mutating func truncate(to newCount: Int) {
    precondition(newCount >= 0 && newCount <= count, "a list is cut inside its fields")
    count = newCount
  }

  @inline(never) private mutating func grow() {
    let larger = UnsafeMutablePointer<Bytes>.allocate(capacity: 2 * capacity)
    unsafe larger.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity *= 2
  }
}
