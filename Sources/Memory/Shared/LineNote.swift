// SPDX-License-Identifier: Apache-2.0
public import CSystem

/// Which line of its chunk a thread works on, noted where it can be read after the thread's death.
@usableFromInline package enum LineNote {
  /// Notes that a line begins at byte `start` of the chunk: a store, where the thread keeps notes.
  @inlinable @inline(__always) package static func begin(_ start: Int) {
    mapred_note_line(UInt64(truncatingIfNeeded: start))
  }

  /// From now on this thread keeps its notes in a cell. The segment outlives the thread.
  package static func keep(in view: SegmentView, at offset: Int) {
    precondition(view.isWritable && offset & 7 == 0, "a note is a cell of the own segment")
    view.check(offset, 8)
    unsafe mapred_set_line_cell((view.base + offset).assumingMemoryBound(to: UInt64.self))
  }
}
