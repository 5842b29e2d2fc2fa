// SPDX-License-Identifier: Apache-2.0
import Glibc
import TestSupport
import Testing
import Vocabulary

@testable import Memory

@Suite struct ScratchTests {
  /// A block of a pool that has no memory to spare, as it is kept.
  private func settled(_ count: Int, of letter: UInt8, _ pool: BlockPool) throws -> Block {
    let block = pool.newBlock(for: count)
    let bytes = [UInt8](repeating: letter, count: count)
    bytes.withBytes { block.fill($0, records: 1) }
    return pool.settled(block)
  }

  private func fileBytes(_ file: ScratchFile) throws -> Int {
    Segment.byteCount(of: try #require(file.descriptor))
  }

  @Test func `Blocks of all sizes lie in the file, and what they leave is used again`() throws {
    let file = ScratchFile(in: "/var/tmp")
    let area = ScratchArea(file)
    let budget = MemoryBudget(limit: 0, scratch: area)
    let pool = BlockPool(budget)
    var random = RandomSource(1)
    var kept: [(block: Block, letter: UInt8)] = []
    var largest = 0
    for round in 0..<600 {
      if !kept.isEmpty, round >= 100 { kept.remove(at: random.number(0...(kept.count - 1))) }
      let count = round % 3 == 0 ? random.number(1...400_000) : random.number(1...Limits.blockBytes)
      let letter = UInt8(truncatingIfNeeded: round)
      kept.append((try settled(count, of: letter, pool), letter))
      if round == 300 { largest = try fileBytes(file) }
    }
    for (block, letter) in kept {
      #expect(block.isInFile)
      #expect(block.bytes.allSatisfy { $0 == letter })
      block.letGo()
      #expect(block.bytes.allSatisfy { $0 == letter })
    }
    // Most of what came after that found room in what had gone.
    #expect(try fileBytes(file) < 2 * largest)
    #expect(area.spilledBytes > 600 * 1000)
    #expect(area.failure == nil)
  }

  @Test func `A file of which nothing is in use gives its room back`() throws {
    let file = ScratchFile(in: "/var/tmp")
    let pool = BlockPool(MemoryBudget(limit: 0, scratch: ScratchArea(file)))
    func diskBytes() throws -> Int {
      var status = stat()
      #expect(unsafe fstat(try #require(file.descriptor), &status) == 0)
      return Int(status.st_blocks) * 512
    }
    for round in 0..<2 {
      var kept = try (0..<1100).map { try settled(60_000, of: UInt8($0 & 0xFF), pool) }
      #expect(try diskBytes() > 64 << 20)
      #expect(kept[1099].bytes[0] == 1099 & 0xFF, "round \(round)")
      kept = []
      #expect(try diskBytes() < 1 << 20, "round \(round)")
    }
  }

  @Test func `A block with memory of its own is counted, until it is gone`() throws {
    let budget = MemoryBudget(limit: 1 << 20, scratch: ScratchArea(in: "/var/tmp"))
    let pool = BlockPool(budget)
    var block: Block? = pool.newBlock(for: 600_000)
    #expect(budget.isTight)
    block = block.map { pool.settled($0) }
    #expect(block?.isInFile == true && !budget.isTight)
    block = nil
    #expect(!budget.isTight(with: 1 << 19))
  }

  @Test func `A directory that is none is told, and may be better the next time`() {
    let file = ScratchFile(in: "/nowhere/at/all")
    #expect(!file.reserve(0..<1))
    #expect(file.failure?.isAtOnce == true && file.failure?.code == ENOENT)
    #expect(file.takeFailure()?.message.contains("/nowhere/at/all: No such file") == true)
    #expect(file.failure == nil)
  }
}
