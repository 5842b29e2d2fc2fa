// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Memory
package import Vocabulary

/// Asks for bytes of a partition's run, from some byte on: its frames, one behind the other.
package struct RunQuestion: Hashable, Sendable {
  package let step: StepID
  package let partition: Int
  package let offset: Int

  /// The most bytes of an answer.
  package static let byteMaximum = 256 << 10

  package init(step: StepID, partition: Int, offset: Int) {
    self.step = step
    self.partition = partition
    self.offset = offset
  }

  var encoded: [UInt8] {
    var out = ByteBuffer(capacity: 32)
    out.appendVarint(step.number)
    out.appendVarint(UInt64(partition))
    out.appendVarint(UInt64(offset))
    return Array(out.bytes)
  }

  init?(_ bytes: [UInt8]) {
    let read = bytes.withBytes { bytes -> RunQuestion? in
      var reader = ByteReader(bytes)
      guard let step = try? reader.varint(), let partition = try? reader.number(),
        let offset = try? reader.number(), reader.isAtEnd
      else { return nil }
      return RunQuestion(step: StepID(step), partition: partition, offset: offset)
    }
    guard let read else { return nil }
    self = read
  }
}

extension HeldRun {
  /// The bytes from `offset` on, as many as one answer takes. O(blocks).
  func bytes(from offset: Int) -> [UInt8] {
    var found: [UInt8] = []
    var start = 0
    for block in blocks {
      let end = start + block.count
      if end > offset, found.count < RunQuestion.byteMaximum {
        let first = max(0, offset - start)
        let count = min(block.count - first, RunQuestion.byteMaximum - found.count)
        found += Array(block.bytes[first..<first + count])
      }
      start = end
    }
    return found
  }
}
