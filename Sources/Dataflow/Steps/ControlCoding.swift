// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
import Vocabulary

extension ControlMessage {
  package var encoded: [UInt8] {
    var out = ByteBuffer()
    write(into: &out)
    return Array(out.bytes)
  }

  package func write(into out: inout ByteBuffer) {
    switch self {
    case .begin(let plan):
      out.append(1 as UInt8)
      out.append(plan)
    case .assign(let step, let attempts):
      out.append(2 as UInt8)
      out.append(step)
      out.append(list: attempts) { $0.append($1) }
    case .resume(let step, let complete):
      out.append(3 as UInt8)
      out.append(step)
      out.append(complete)
    case .drop(let step):
      out.append(4 as UInt8)
      out.append(step)
    case .live(let number, let steps):
      out.append(5 as UInt8)
      out.appendVarint(number)
      out.append(list: steps) { $0.append($1) }
    case .stocked(let number, let missing):
      out.append(6 as UInt8)
      out.appendVarint(number)
      out.append(list: missing) { $0.append($1) }
    case .held(let step, let shard, let splits):
      out.append(7 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(shard))
      out.append(splits)
    case .failed(let step, let part, let failure, let hasDied):
      out.append(8 as UInt8)
      out.append(step)
      out.append(part)
      out.append(failure)
      out.append((hasDied ? 1 : 0) as UInt8)
    default: writeRest(into: &out)
    }
  }

  private func writeRest(into out: inout ByteBuffer) {
    switch self {
    case .sampled(let step, let split, let keys):
      out.append(9 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(split))
      out.append(list: keys) { $0.append(counted: $1) }
    case .counted(let step, let shard, let splits, let runs):
      out.append(10 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(shard))
      out.append(counters: splits)
      out.append(list: runs) { $0.append(counters: $1) }
    case .needsCode(let code):
      out.append(11 as UInt8)
      out.append(code)
    case .hasCode(let code, let isThere):
      out.append(12 as UInt8)
      out.append(code)
      out.append((isThere ? 1 : 0) as UInt8)
    case .code(let code, let size, let offset, let bytes):
      out.append(13 as UInt8)
      out.append(code)
      out.appendVarint(UInt64(size))
      out.appendVarint(UInt64(offset))
      out.append(counted: bytes)
    case .restate(let step):
      out.append(14 as UInt8)
      out.append(step)
    case .compare(let step, let partition, let records, let replicas):
      out.append(15 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(partition))
      out.append(records)
      out.append(list: replicas) { $0.append($1) }
    case .compared(let step, let partition, let excerpt):
      out.append(16 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(partition))
      out.append(excerpt)
    case .spread(let step, let partitions, let givers):
      out.append(17 as UInt8)
      out.append(step)
      out.appendVarint(UInt64(partitions))
      out.append(list: givers) { $0.append($1) }
    case .broadcast(let piece, let records, let bytes):
      out.append(18 as UInt8)
      out.append(piece)
      out.appendVarint(UInt64(records))
      out.append(counted: bytes)
    default: preconditionFailure("written before")
    }
  }

  package static func read(_ bytes: Bytes) throws(ByteReader.Damaged) -> ControlMessage {
    var reader = ByteReader(bytes)
    let message = try reader.controlMessage()
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
    return message
  }
}

extension ByteBuffer {
  fileprivate mutating func append(_ step: StepID) { appendVarint(step.number) }

  fileprivate mutating func append(_ live: LiveStep) {
    append(live.step)
    appendVarint(UInt64(live.partitions))
  }

  fileprivate mutating func append(counted bytes: [UInt8]) {
    appendVarint(UInt64(bytes.count))
    bytes.withBytes { append($0) }
  }

  fileprivate mutating func append(_ records: Range<Int>) {
    appendVarint(UInt64(records.lowerBound))
    appendVarint(UInt64(records.count))
  }

  fileprivate mutating func append(_ excerpt: RunExcerpt) {
    append(excerpt.records)
    append(list: excerpt.digests) { $0.appendLittleEndian($1) }
    append((excerpt.key == nil ? 0 : 1) as UInt8)
    if let key = excerpt.key { append(counted: key) }
  }

  fileprivate mutating func append(_ part: StepPart) {
    switch part {
    case .split(let split, let attempt):
      append(0 as UInt8)
      appendVarint(UInt64(split))
      appendVarint(UInt64(attempt))
    case .partition(let partition):
      append(1 as UInt8)
      appendVarint(UInt64(partition))
    case .all: append(2 as UInt8)
    }
  }
}

extension ByteReader {
  fileprivate mutating func controlMessage() throws(Damaged) -> ControlMessage {
    let kind = try byte()
    switch kind {
    case 1: return .begin(try stepPlan())
    case 2:
      let step = try step()
      return .assign(step, try list { reader throws(Damaged) in try reader.splitAttempt() })
    case 3:
      let step = try step()
      return .resume(step, complete: try splitSet())
    case 4: return .drop(try step())
    case 5:
      let number = try varint()
      return .live(number, try list { reader throws(Damaged) in try reader.liveStep() })
    case 6:
      let number = try varint()
      return .stocked(
        number, missing: try list { reader throws(Damaged) in try reader.shardRuns() })
    case 7:
      let step = try step()
      let shard = try number()
      return .held(step, shard: shard, try splitSet())
    case 8:
      let step = try step()
      let part = try stepPart()
      let failure = try jobFailure()
      return .failed(step, part, failure, hasDied: try byte() == 1)
    default: return try restOfControlMessage(kind)
    }
  }

  private mutating func restOfControlMessage(_ kind: UInt8) throws(Damaged) -> ControlMessage {
    switch kind {
    case 9:
      let step = try step()
      let split = try number()
      let keys = try list { reader throws(Damaged) in Array(try reader.take(try reader.length())) }
      return .sampled(step, split: split, keys)
    case 10:
      let step = try step()
      let shard = try number()
      let splits = try counters()
      let runs = try list { reader throws(Damaged) in try reader.counters() }
      return .counted(step, shard: shard, splits: splits, runs: runs)
    case 11: return .needsCode(try codeDigest())
    case 12:
      let code = try codeDigest()
      return .hasCode(code, try byte() == 1)
    case 13:
      let code = try codeDigest()
      let size = try number()
      let offset = try number()
      return .code(code, size: size, offset: offset, Array(try take(try length())))
    case 14: return .restate(try boardStep())
    case 15:
      let step = try step()
      let partition = try number()
      let records = try records()
      return .compare(
        step, partition: partition, records,
        try list { reader throws(Damaged) in try reader.id() })
    case 16:
      let step = try step()
      let partition = try number()
      return .compared(step, partition: partition, try excerpt())
    case 17:
      let step = try step()
      let partitions = try number()
      guard (1...Limits.partitions).contains(partitions) else { throw Damaged() }
      let givers = try list { reader throws(Damaged) -> NodeID in try reader.id() }
      return .spread(step, partitions: partitions, givers: givers)
    case 18:
      let piece = try runPiece()
      let records = try number()
      return .broadcast(piece, records: records, Array(try take(try length())))
    default: throw Damaged()
    }
  }

  private mutating func step() throws(Damaged) -> StepID { StepID(try varint()) }

  private mutating func liveStep() throws(Damaged) -> LiveStep {
    let step = try step()
    return LiveStep(step: step, partitions: try number())
  }

  private mutating func records() throws(Damaged) -> Range<Int> {
    let start = try number()
    let count = try number()
    guard start <= Int.max - count else { throw Damaged() }
    return start..<(start + count)
  }

  private mutating func excerpt() throws(Damaged) -> RunExcerpt {
    let records = try records()
    let digests = try list { reader throws(Damaged) in try reader.littleEndian(UInt64.self) }
    let hasKey = try byte() == 1
    let key: [UInt8]? = hasKey ? Array(try take(try length())) : nil
    return RunExcerpt(records: records, digests: digests, key: key)
  }

  private mutating func stepPart() throws(Damaged) -> StepPart {
    switch try byte() {
    case 0:
      let split = try number()
      return .split(split, attempt: try number())
    case 1: return .partition(try number())
    case 2: return .all
    default: throw Damaged()
    }
  }
}
