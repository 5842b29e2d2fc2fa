// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Says in the executor's area what it works on: for the case that it does not come to say it
/// otherwise.
final class ExecutorMarker {
  private let view: SegmentView
  private var progress: UInt64 = 0
  private var path = ""
  /// The task that is under way.
  private(set) var task: UInt64 = 0

  /// For the thread that calls it, which does all of the tasks.
  init(_ area: Segment) {
    view = area.view
    LineNote.keep(in: view, at: ExecutorMark.line)
  }

  /// A task is taken up; nothing is known of its input yet.
  func begin(_ task: UInt64) {
    self.task = task
    view.store(.max, at: ExecutorMark.chunk)
    view.store(.max, at: ExecutorMark.line)
    write("", at: ExecutorMark.stage, atMost: ExecutorMark.stageBytesMaximum)
    view.store(task, at: ExecutorMark.task)
    advance()
  }

  func stage(_ name: String) {
    write(name, at: ExecutorMark.stage, atMost: ExecutorMark.stageBytesMaximum)
  }

  /// A chunk is taken up, which begins there.
  func begin(_ place: ChunkPlace?) {
    if let place {
      if place.path != path {
        path = place.path
        write(path, at: ExecutorMark.path, atMost: ExecutorMark.pathBytesMaximum)
      }
      view.store(.max, at: ExecutorMark.line)
      view.store(UInt64(place.offset), at: ExecutorMark.chunk)
    }
    advance()
  }

  /// The executor lives and goes on.
  func advance() {
    progress += 1
    view.store(progress, at: ExecutorMark.progress)
  }

  /// No task is under way.
  func end() { view.store(0, at: ExecutorMark.task) }

  func isCancelled(_ task: UInt64) -> Bool { view.load(ExecutorMark.cancelled) == task }

  private func write(_ text: String, at offset: Int, atMost maximum: Int) {
    let bytes = Array(text.utf8.prefix(maximum))
    bytes.withBytes { view.write($0, at: offset + 8) }
    view.store(UInt64(bytes.count), at: offset)
  }
}
