// SPDX-License-Identifier: Apache-2.0
public import Synchronization

/// Where a loop over lines notes which one it works on, for those who look when it does not come
/// back. One store for each line.
@safe @frozen
@usableFromInline package struct LineMark: @unchecked Sendable {
  // Safe because the place is checked once, and whoever keeps a mark keeps its segment too;
  // sendable because the word is atomic.
  @usableFromInline let word: UnsafeMutablePointer<Atomic<UInt64>>

  /// The word at `offset` of a segment that is writable.
  package init(_ segment: Segment, at offset: Int) {
    precondition(segment.isWritable, "a mark is written")
    unsafe word = segment.view.cell(offset)
  }

  /// The line that begins at `offset` is next.
  @inlinable @inline(__always) package func note(_ offset: Int) {
    unsafe word.pointee.store(UInt64(truncatingIfNeeded: offset), ordering: .relaxed)
  }
}
