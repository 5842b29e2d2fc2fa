// SPDX-License-Identifier: Apache-2.0
public import Synchronization

/// Memory that one member writes and others see: mapped by several processes, or a local copy that
/// a fabric keeps up to date.
///
/// It holds *cells*, aligned words that are stored with release and loaded with acquire, and
/// payload, plain bytes that a cell publishes. Every access is checked against the size; whether
/// payload may be touched at a moment is for the protocol to know.
@safe
@usableFromInline package final class Segment: @unchecked Sendable {
  // Safe because the memory lives as long as the object (`release` runs in deinit) and every access
  // is checked; sendable because cells are atomic and payload has one writer, ordered by cells.
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline package let byteCount: Int
  @usableFromInline package let isWritable: Bool
  private let release: () -> Void

  /// Takes over memory of `byteCount` bytes, aligned to a page; `release` gives it back.
  package init(
    _ base: UnsafeMutableRawPointer, byteCount: Int, isWritable: Bool,
    release: @escaping () -> Void
  ) {
    unsafe self.base = unsafe base
    self.byteCount = byteCount
    self.isWritable = isWritable
    self.release = release
  }

  /// A segment in this process alone, all zeroes.
  package convenience init(byteCount: Int) {
    let size = Swift.max(byteCount, 1)
    let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    unsafe self.init(base, byteCount: byteCount, isWritable: true) { unsafe base.deallocate() }
  }

  deinit { release() }

  @inlinable @inline(__always)
  func cell(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(offset >= 0 && offset <= byteCount &- 8 && offset & 7 == 0, "no cell there")
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  /// The cell at `offset`, and with it all that its writer wrote before.
  @inlinable @inline(__always) package func load(_ offset: Int) -> UInt64 {
    unsafe cell(offset).pointee.load(ordering: .acquiring)
  }

  /// Publishes `value` in the cell at `offset`, after all that this thread wrote before.
  @inlinable @inline(__always) package func store(_ value: UInt64, at offset: Int) {
    precondition(isWritable, "a peer's segment is only read")
    unsafe cell(offset).pointee.store(value, ordering: .releasing)
  }

  @inlinable @inline(__always) func check(_ offset: Int, _ count: Int) {
    precondition(
      offset >= 0 && count >= 0 && offset <= byteCount &- count, "a range outside of its segment")
  }

  /// The bytes at `offset`, in place. The view is valid while the protocol keeps the range.
  @inlinable @inline(__always) package func bytes(_ offset: Int, _ count: Int) -> Bytes {
    check(offset, count)
    return unsafe Bytes(UnsafeRawPointer(base + offset), count)
  }

  /// Hands out `count` bytes at `offset` to be filled in place.
  @inlinable package func fill<R>(
    _ offset: Int, _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    check(offset, count)
    precondition(isWritable, "a peer's segment is only read")
    return try unsafe body(UnsafeMutableRawBufferPointer(start: base + offset, count: count))
  }

  /// Copies payload to `offset`.
  @inlinable package func write(_ bytes: Bytes, at offset: Int) {
    check(offset, bytes.count)
    precondition(isWritable, "a peer's segment is only read")
    unsafe copyBytes(base + offset, bytes.base, bytes.count)
  }

  /// Stores payload that only its own process looks at until a cell publishes it: no ordering.
  @inlinable @inline(__always) package func writeWord(_ value: UInt64, at offset: Int) {
    check(offset, 8)
    precondition(isWritable, "a peer's segment is only read")
    unsafe (base + offset).storeBytes(of: value, as: UInt64.self)
  }

  /// A word of payload.
  @inlinable @inline(__always) package func word(_ offset: Int) -> UInt64 {
    check(offset, 8)
    return unsafe (base + offset).loadUnaligned(as: UInt64.self)
  }
}
