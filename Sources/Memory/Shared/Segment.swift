// SPDX-License-Identifier: Apache-2.0
public import Synchronization

/// A look at a segment's memory without counting references: for loops over many messages.
///
/// The memory holds *cells*, aligned words that are stored with release and loaded with acquire,
/// and payload, plain bytes that a cell publishes. Every access is checked against the size;
/// whether payload may be touched at a moment is for the protocol to know. Whoever keeps a view
/// keeps its `Segment` too.
@safe @frozen
@usableFromInline package struct SegmentView: @unchecked Sendable {
  // Safe because the owner of a view keeps the segment, and every access is checked; sendable
  // because cells are atomic and payload has one writer, ordered by cells.
  @usableFromInline let base: UnsafeMutableRawPointer
  @usableFromInline package let byteCount: Int
  @usableFromInline package let isWritable: Bool

  @inlinable init(_ base: UnsafeMutableRawPointer, byteCount: Int, isWritable: Bool) {
    unsafe self.base = unsafe base
    self.byteCount = byteCount
    self.isWritable = isWritable
  }

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

  /// Stores a word of payload, published by a later cell.
  @inlinable @inline(__always) package func writeWord(_ value: UInt64, at offset: Int) {
    check(offset, 8)
    precondition(isWritable, "a peer's segment is only read")
    unsafe (base + offset).storeBytes(of: value, as: UInt64.self)
  }

  /// Stores one byte of payload.
  @inlinable package func writeByte(_ value: UInt8, at offset: Int) {
    check(offset, 1)
    precondition(isWritable, "a peer's segment is only read")
    unsafe (base + offset).storeBytes(of: value, as: UInt8.self)
  }

  /// A word of payload.
  @inlinable @inline(__always) package func word(_ offset: Int) -> UInt64 {
    check(offset, 8)
    return unsafe (base + offset).loadUnaligned(as: UInt64.self)
  }
}

/// Memory that one member writes and others see: mapped by several processes, or a local copy that
/// a fabric keeps up to date.
@safe
@usableFromInline package final class Segment: Sendable {
  /// The memory, for as long as this object lives.
  @usableFromInline package let view: SegmentView
  /// From here on it lies in a file of a disk.
  let fileStart: Int
  private let release: @Sendable () -> Void

  /// Takes over memory of `byteCount` bytes, aligned to a page; `release` gives it back. What lies
  /// from `fileStart` on need not stay in memory, and nobody writes there.
  package init(
    _ base: UnsafeMutableRawPointer, byteCount: Int, isWritable: Bool, fileStart: Int = .max,
    release: @escaping @Sendable () -> Void
  ) {
    self.fileStart = fileStart
    view = unsafe SegmentView(base, byteCount: byteCount, isWritable: isWritable)
    self.release = release
  }

  /// A segment in this process alone, all zeroes.
  package convenience init(byteCount: Int) {
    let size = Swift.max(byteCount, 1)
    let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    let address = UInt(bitPattern: base)
    unsafe self.init(base, byteCount: byteCount, isWritable: true) {
      unsafe UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
    }
  }

  deinit { release() }

  package func isInFile(_ offset: Int) -> Bool { offset >= fileStart }

  @inlinable package var byteCount: Int { view.byteCount }
  @inlinable package var isWritable: Bool { view.isWritable }

  /// See `SegmentView`, whose accesses these are.
  @inlinable package func load(_ offset: Int) -> UInt64 { view.load(offset) }
  @inlinable package func store(_ value: UInt64, at offset: Int) { view.store(value, at: offset) }
  @inlinable package func bytes(_ offset: Int, _ count: Int) -> Bytes { view.bytes(offset, count) }
  @inlinable package func word(_ offset: Int) -> UInt64 { view.word(offset) }
  @inlinable package func write(_ bytes: Bytes, at offset: Int) { view.write(bytes, at: offset) }

  @inlinable package func fill<R>(
    _ offset: Int, _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) rethrows -> R {
    try unsafe view.fill(offset, count, body)
  }

  @inlinable package func writeWord(_ value: UInt64, at offset: Int) {
    view.writeWord(value, at: offset)
  }

  @inlinable package func writeByte(_ value: UInt8, at offset: Int) {
    view.writeByte(value, at: offset)
  }
}
