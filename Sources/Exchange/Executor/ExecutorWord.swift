// SPDX-License-Identifier: Apache-2.0
package import Memory

/// What an executor tells of a task, as it crosses the border.
package enum ExecutorReport: Hashable, Sendable {
  /// With the files of each input that reads some.
  case planned(PlanDescription, files: [BranchFiles])
  case listed([InputFile])
  case sampled([[UInt8]])
  case block(partition: Int, LentBlock)
  case mapped(SplitTally)
  case folded
  /// So many bytes went to scratch since this was told last.
  case spilled(Int)
  case runBlock(LentBlock)
  case finished(RunTally)
  case failed(JobFailure)
}

/// What an executor tells its node.
package enum ExecutorWord: Hashable, Sendable {
  /// The first word, and the only one that all versions read alike.
  case hello(version: UInt64)
  /// Blocks of the node's arena that the executor has let go of.
  case returned([UInt64])
  case report(number: UInt64, ExecutorReport)
}

extension ByteBuffer {
  private mutating func append(_ report: ExecutorReport) {
    switch report {
    case .planned(let plan, let files):
      append(0 as UInt8)
      append(plan)
      append(list: files) { buffer, found in
        buffer.append(found.branch)
        buffer.append(list: found.files) { $0.append($1) }
      }
    case .listed(let files):
      append(1 as UInt8)
      append(list: files) { $0.append($1) }
    case .sampled(let found):
      append(2 as UInt8)
      append(keys: found)
    case .block(let partition, let block):
      append(3 as UInt8)
      appendVarint(UInt64(partition))
      append(block)
    case .mapped(let tally):
      append(4 as UInt8)
      append(tally)
    case .folded: append(5 as UInt8)
    case .runBlock(let block):
      append(6 as UInt8)
      append(block)
    case .finished(let tally):
      append(7 as UInt8)
      append(tally)
    case .failed(let failure):
      append(8 as UInt8)
      append(failure)
    case .spilled(let bytes):
      append(9 as UInt8)
      appendVarint(UInt64(bytes))
    }
  }

  package mutating func append(_ word: ExecutorWord) {
    switch word {
    case .hello(let version):
      append(0 as UInt8)
      appendVarint(version)
    case .returned(let ids):
      append(1 as UInt8)
      append(list: ids) { $0.appendVarint($1) }
    case .report(let number, let report):
      append(2 as UInt8)
      appendVarint(number)
      append(report)
    }
  }
}

extension ByteReader {
  private mutating func inputFiles() throws(Damaged) -> [InputFile] {
    try list { reader throws(Damaged) in try reader.inputFile() }
  }

  private mutating func report() throws(Damaged) -> ExecutorReport {
    switch try byte() {
    case 0:
      let plan = try planDescription()
      let files = try list { reader throws(Damaged) in
        let branch = try reader.branchID()
        return BranchFiles(branch, try reader.inputFiles())
      }
      return .planned(plan, files: files)
    case 1: return .listed(try inputFiles())
    case 2: return .sampled(try keys())
    case 3:
      let partition = try number()
      return .block(partition: partition, try lentBlock())
    case 4: return .mapped(try splitTally())
    case 5: return .folded
    case 6: return .runBlock(try lentBlock())
    case 7: return .finished(try runTally())
    case 8: return .failed(try jobFailure())
    case 9: return .spilled(try number())
    default: throw Damaged()
    }
  }

  package mutating func executorWord() throws(Damaged) -> ExecutorWord {
    switch try byte() {
    case 0: return .hello(version: try varint())
    case 1: return .returned(try list { reader throws(Damaged) in try reader.varint() })
    case 2:
      let number = try varint()
      return .report(number: number, try report())
    default: throw Damaged()
    }
  }
}
