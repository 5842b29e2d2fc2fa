// SPDX-License-Identifier: Apache-2.0

/// A mutable value that several closures share, without the run-time check of every access.
///
/// A stored property of a class is checked for overlapping access each time it is used, which in a
/// loop over records costs as much as the work. Here the compiler's static checks remain; the
/// owner sees to it that one thread at a time uses the cell, and no access is made within another.
@safe
@usableFromInline package final class HeapCell<Value: ~Copyable> {
  // Safe because the pointer is allocated once, initialised at once, and freed with the cell.
  @usableFromInline let pointer: UnsafeMutablePointer<Value>

  @inlinable package init(_ value: consuming Value) {
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: value)
  }

  deinit {
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
  }

  @inlinable @inline(__always) package var value: Value {
    _read { yield unsafe pointer.pointee }
    _modify { yield unsafe &pointer.pointee }
  }
}
