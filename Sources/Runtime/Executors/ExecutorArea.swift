// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Glibc
import Memory
import Vocabulary

/// An executor's area as its node sees it: blocks to be copied, and a mark to be read. Nothing in
/// it is believed; it stays mapped as long as one of its blocks is used.
final class ExecutorArea {
  /// Tells when a block is not needed any more.
  private final class Loan: BlockOwner {
    private let end: @Sendable (UInt64) -> Void
    private let id: UInt64

    init(_ id: UInt64, _ end: @escaping @Sendable (UInt64) -> Void) {
      self.id = id
      self.end = end
    }

    func takeBack(offset: Int, capacity: Int) { end(id) }
  }

  private let segment: Segment
  private let end: @Sendable (UInt64) -> Void
  let descriptor: Descriptor

  /// `end` is told, on any thread, which block is not needed any more.
  init(byteCount: Int, _ end: @escaping @Sendable (UInt64) -> Void) throws(FabricError) {
    let file = try MemoryFile.sparse("mapred-area", byteCount: byteCount + ExecutorMark.byteCount)
    guard
      let segment = Segment(
        mapping: file.descriptor.number, byteCount: file.byteCount, isWritable: true)
    else { throw .system("cannot map an executor's memory", errno) }
    self.segment = segment
    self.end = end
    descriptor = file.descriptor
  }

  /// Whether a block can lie where it is said to.
  func contains(_ block: LentBlock) -> Bool {
    let bytes = segment.byteCount
    return block.count > 0 && block.count <= bytes && block.offset >= ExecutorMark.byteCount
      && block.offset <= bytes - block.count && block.offset % Limits.blockBytes == 0
      && block.records > 0 && block.records <= block.count
  }

  /// A block that `contains` has looked at.
  func block(_ lent: LentBlock) -> Block {
    let block = Block(
      in: segment, offset: lent.offset, capacity: lent.count, owner: Loan(lent.id, end))
    block.seal(count: lent.count, records: lent.records)
    return block
  }

  func bytes(_ lent: LentBlock) -> Bytes { segment.bytes(lent.offset, lent.count) }

  /// Grows while the executor goes on.
  var progress: UInt64 { segment.load(ExecutorMark.progress) }

  func cancel(_ task: UInt64) { segment.store(task, at: ExecutorMark.cancelled) }

  /// The stage that the executor works on; nil where it is of another task.
  func stage(of task: UInt64) -> String? {
    guard segment.load(ExecutorMark.task) == task else { return nil }
    let text = text(ExecutorMark.stage, atMost: ExecutorMark.stageBytesMaximum)
    return text.isEmpty ? nil : text
  }

  /// The input record that the executor works on, or as near to it as is known. `user` is whom the
  /// executor runs as, where that is not the node's own.
  func record(of task: ExecutorProcess.Task, as user: ExecutorUser?) -> String? {
    guard segment.load(ExecutorMark.task) == task.number else { return nil }
    let path = text(ExecutorMark.path, atMost: ExecutorMark.pathBytesMaximum)
    // What the task does not read is not shown, whatever stands in the mark.
    guard
      let range = task.work.files.first(where: {
        OutputTail.printable(Array($0.file.path.utf8)[...]) == path
      }), let chunk = Int(exactly: segment.load(ExecutorMark.chunk))
    else { return nil }
    // Its text is not in the file as it stands.
    guard range.file.compression == nil else {
      return "\(path), in the lines from byte \(chunk) of its text on"
        + (range.range.lowerBound > 0 ? ", counted from byte \(range.range.lowerBound)" : "")
    }
    guard chunk < range.file.size else { return nil }
    guard let line = Int(exactly: segment.load(ExecutorMark.line)), line < range.file.size - chunk
    else { return "\(path), in the lines from byte \(chunk) on" }
    let file = range.file.path
    let place = file.hasPrefix("/") ? file : "\(task.directory)/\(file)"
    guard let found = InputLine(place, at: chunk + line, as: user) else {
      return "\(path), byte \(chunk + line)"
    }
    return "\(path):\(found.number)  \"\(found.text)\""
  }

  private func text(_ offset: Int, atMost maximum: Int) -> String {
    let count = Int(min(segment.load(offset), UInt64(maximum)))
    return OutputTail.printable(Array(segment.bytes(offset + 8, count))[...])
  }
}
