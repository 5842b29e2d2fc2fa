// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Memory
package import Vocabulary

/// Asks for frames of a partition's run, one behind the other: from some byte on, or from the first
/// one whose key is not below another, where the run is ordered by key.
package struct RunQuestion: Hashable, Sendable {
  package enum Start: Hashable, Sendable {
    case offset(Int)
    case key([UInt8])
  }

  package let step: StepID
  package let partition: Int
  package let start: Start

  /// The most bytes of an answer.
  package static let byteMaximum = 256 << 10

  package init(step: StepID, partition: Int, start: Start) {
    self.step = step
    self.partition = partition
    self.start = start
  }

  var encoded: [UInt8] {
    var out = ByteBuffer(capacity: 32)
    out.appendVarint(step.number)
    out.appendVarint(UInt64(partition))
    switch start {
    case .offset(let offset):
      out.append(0 as UInt8)
      out.appendVarint(UInt64(offset))
    case .key(let key):
      out.append(1 as UInt8)
      out.appendVarint(UInt64(key.count))
      key.withBytes { out.append($0) }
    }
    return Array(out.bytes)
  }

  init?(_ bytes: [UInt8]) {
    let read = try? bytes.withBytes { bytes throws(ByteReader.Damaged) -> RunQuestion in
      var reader = ByteReader(bytes)
      let step = StepID(try reader.varint())
      let partition = try reader.number()
      let start: Start
      switch try reader.byte() {
      case 0: start = .offset(try reader.number())
      case 1: start = .key(Array(try reader.take(try reader.length())))
      default: throw ByteReader.Damaged()
      }
      guard reader.isAtEnd else { throw ByteReader.Damaged() }
      return RunQuestion(step: step, partition: partition, start: start)
    }
    guard let read else { return nil }
    self = read
  }
}

/// Some bytes of a run, and where they begin in it.
package struct RunSection: Hashable, Sendable {
  package let offset: Int
  package let bytes: [UInt8]

  package init(offset: Int, bytes: [UInt8]) {
    self.offset = offset
    self.bytes = bytes
  }

  package var encoded: [UInt8] {
    var out = ByteBuffer(capacity: bytes.count + 16)
    out.appendVarint(UInt64(offset))
    bytes.withBytes { out.append($0) }
    return Array(out.bytes)
  }

  package init(_ bytes: Bytes) throws(ByteReader.Damaged) {
    var reader = ByteReader(bytes)
    offset = try reader.number()
    self.bytes = Array(try reader.take(reader.remaining))
  }
}

extension HeldRun {
  /// What is asked for, as much as one answer takes. O(blocks + bytes of a block).
  package func section(from start: RunQuestion.Start) -> RunSection {
    let offset =
      switch start {
      case .offset(let offset): offset
      case .key(let key): key.withBytes { self.offset(of: $0) }
      }
    return RunSection(offset: offset, bytes: bytes(from: offset))
  }

  private func bytes(from offset: Int) -> [UInt8] {
    var found: [UInt8] = []
    var start = 0
    for block in blocks {
      let end = start + block.count
      if end > offset, found.count < RunQuestion.byteMaximum {
        let first = max(0, offset - start)
        let count = min(block.count - first, RunQuestion.byteMaximum - found.count)
        found += Array(block.bytes[first..<first + count])
        block.letGo()
      }
      start = end
    }
    return found
  }

  /// Where the first record begins whose key is not below `key`; behind all where there is none.
  /// Executors made the bytes, so that nothing in them is believed.
  private func offset(of key: Bytes) -> Int {
    var start = 0
    var last: (block: Block, start: Int)?
    for block in blocks {
      defer { block.letGo() }
      var reader = ByteReader(block.bytes)
      if let first = try? reader.frame(), first.key.order(key) >= 0 { break }
      last = (block, start)
      start += block.count
    }
    guard let last else { return 0 }
    var reader = ByteReader(last.block.bytes)
    while !reader.isAtEnd {
      let passed = reader.offset
      guard let frame = try? reader.frame() else { break }
      if frame.key.order(key) >= 0 { return last.start + passed }
    }
    return start
  }
}
