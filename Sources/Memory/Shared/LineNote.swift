// SPDX-License-Identifier: Apache-2.0
public import CSystem

/// Which line of its chunk a thread works on, noted where it can be read after the thread's death.
@safe @usableFromInline package struct LineNote {
  // Safe because the segment that holds the cell outlives the thread that keeps notes in it.
  @usableFromInline let cell: UnsafeMutablePointer<UInt64>

  /// Where this thread keeps its notes; nil where nobody wants to know.
  @inlinable @inline(__always) package static var kept: LineNote? {
    unsafe mapred_kept_line_cell().map { unsafe LineNote($0) }
  }

  @inlinable init(_ cell: UnsafeMutablePointer<UInt64>) { unsafe self.cell = unsafe cell }

  /// Notes that a line begins at byte `start` of the chunk: a store.
  @inlinable @inline(__always) package func begin(_ start: Int) {
    unsafe mapred_note_line(cell, UInt64(truncatingIfNeeded: start))
  }

  /// The same where the thread keeps notes.
  @inlinable @inline(__always) package static func begin(_ start: Int) { kept?.begin(start) }

  /// From now on this thread keeps its notes in a cell. The segment outlives the thread.
  package static func keep(in view: SegmentView, at offset: Int) {
    precondition(view.isWritable && offset & 7 == 0, "a note is a cell of the own segment")
    view.check(offset, 8)
    unsafe mapred_set_line_cell((view.base + offset).assumingMemoryBound(to: UInt64.self))
  }
}
