// SPDX-License-Identifier: Apache-2.0

/// A place for one value of any type, to be found again without a dynamic cast.
@safe
@usableFromInline package struct KeptValue: ~Copyable {
  // Safe because the memory holds a value of the type that `type` names, and is read as no other.
  // It gives no optional: to look up the type of one would cost more than all else.
  private var type: ObjectIdentifier?
  private var memory: UnsafeMutableRawPointer?
  private var free: ((UnsafeMutableRawPointer) -> Void)?

  package init() {}

  deinit { release() }

  /// Whether what is kept is of this type.
  package func holds<T>(_ type: T.Type) -> Bool { self.type == ObjectIdentifier(type) }

  /// The value that was kept last, which is of this type.
  package func value<T>(_ type: T.Type) -> T {
    guard holds(type), let memory = unsafe memory else {
      preconditionFailure("a value of another type is kept")
    }
    return unsafe memory.assumingMemoryBound(to: T.self).pointee
  }

  /// Keeps a value in place of the one before.
  package mutating func keep<T>(_ value: T) {
    removeAll()
    let place = UnsafeMutablePointer<T>.allocate(capacity: 1)
    unsafe place.initialize(to: value)
    unsafe memory = UnsafeMutableRawPointer(place)
    unsafe free = { memory in
      let place = unsafe memory.assumingMemoryBound(to: T.self)
      unsafe place.deinitialize(count: 1)
      unsafe place.deallocate()
    }
    type = ObjectIdentifier(T.self)
  }

  package mutating func removeAll() {
    release()
    type = nil
    unsafe memory = nil
    unsafe free = nil
  }

  private func release() {
    if let memory = unsafe memory { unsafe free?(memory) }
  }
}
