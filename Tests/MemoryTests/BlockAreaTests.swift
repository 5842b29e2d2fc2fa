// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Glibc
import Memory
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct BlockAreaTests {
  /// What an area has asked its system for, and may refuse.
  final class System: Sendable {
    private let state = Mutex((reserved: [Range<Int>](), limit: Int.max))

    init(limit: Int = .max) { state.withLock { $0.limit = limit } }

    var reserved: [Range<Int>] { state.withLock { $0.reserved } }
    var bytes: Int { reserved.reduce(0) { $0 + $1.count } }

    func setLimit(_ limit: Int) { state.withLock { $0.limit = limit } }

    var backing: BlockArea.Backing {
      BlockArea.Backing(
        spareBytes: 8 * 256 * BlockAreaTests.unit,
        reserve: { range in
          self.state.withLock { state in
            let used = state.reserved.reduce(0) { $0 + $1.count }
            guard used + range.count <= state.limit else { return false }
            state.reserved.append(range)
            return true
          }
        },
        release: { range in
          self.state.withLock { state in
            let before = state.reserved.count
            state.reserved.removeAll { $0 == range }
            precondition(state.reserved.count == before - 1, "what is given back was asked for")
          }
        })
    }
  }

  fileprivate static let unit = Limits.blockBytes

  /// Addresses alone, without memory: nothing is written there.
  private func addresses(_ byteCount: Int) -> Segment {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let memory = unsafe mmap(nil, byteCount, PROT_NONE, flags, -1, 0)
    guard let base = unsafe memory, unsafe base != MAP_FAILED else {
      preconditionFailure("there are addresses")
    }
    let address = UInt(bitPattern: base)
    return unsafe Segment(base, byteCount: byteCount, isWritable: true) {
      _ = unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount)
    }
  }

  private func area(units: Int, from start: Int = 0, _ system: System = System()) -> BlockArea {
    BlockArea(
      addresses(start + units * Self.unit), from: start, granuleBytes: Self.unit,
      backing: system.backing)
  }

  @Test func `Blocks stand apart, at places that are known, and fill the area to its end`() throws {
    let area = area(units: 300, from: 128)
    var blocks: [Block] = []
    while let block = area.block(for: 2 * Self.unit - 1) { blocks.append(block) }
    #expect(blocks.count == 150)
    let offsets = blocks.compactMap { $0.offset(in: area.segment) }
    #expect(offsets == (0..<150).map { 128 + $0 * 2 * Self.unit })
    #expect(area.takenBytes == area.byteCount)
    #expect(BlockPool().block().offset(in: area.segment) == nil)
    blocks.remove(at: 70)
    #expect(area.takenBytes == area.byteCount - 2 * Self.unit)
    let again = try #require(area.block(for: 1))
    #expect(again.offset(in: area.segment) == 128 + 70 * 2 * Self.unit)
    #expect(area.block(for: 2 * Self.unit) == nil)
  }

  @Test func `A block takes as many units as its bytes need, and none is larger than the area`() {
    let area = area(units: 1000)
    for (bytes, units) in [
      (0, 1), (1, 1), (Self.unit, 1), (Self.unit + 1, 2), (256 * Self.unit, 256),
      (257 * Self.unit, 257),
    ] {
      let block = area.block(for: bytes)
      #expect(block?.capacity == units * Self.unit)
    }
    #expect(area.takenBytes == 0)
    let whole = area.block(for: area.byteCount)
    #expect(whole?.capacity == area.byteCount)
    #expect(area.block(for: 1) == nil)
    #expect(area.block(for: area.byteCount + 1) == nil)
  }

  @Test func `What is copied into a block is what stands in the segment`() throws {
    let segment = Segment(byteCount: 1 << 20)
    let area = BlockArea(segment, granuleBytes: 4096)
    var random = RandomSource(1)
    let bytes = random.bytes(10_000)
    let first = try #require(bytes.withBytes { area.block(copying: $0, records: 7) })
    let second = try #require(bytes.withBytes { area.block(copying: $0[5...], records: 1) })
    let offset = try #require(second.offset(in: segment))
    #expect(offset == 3 * 4096)
    #expect(Array(segment.bytes(offset, second.count)) == Array(bytes[5...]))
    #expect(first.records == 7 && first.count == 10_000)
  }

  @Test func `Memory is asked for when it is needed, and given back but for a little`() {
    let system = System()
    let chunk = 256 * Self.unit
    let area = area(units: 40 * 256, system)
    #expect(system.reserved.isEmpty)
    var blocks = [area.block(for: Self.unit)]
    #expect(system.bytes == chunk)
    blocks += (0..<20).map { _ in area.block(for: chunk) }
    #expect(system.bytes == 21 * chunk)
    blocks.removeAll()
    #expect(area.takenBytes == 0)
    #expect(system.bytes == 8 * chunk)
    // What is left is used first.
    blocks = (0..<8).map { _ in area.block(for: chunk) }
    #expect(system.bytes == 8 * chunk)
  }

  @Test func `Where the system has no more memory, there is no block, until some is free`() throws {
    let chunk = 256 * Self.unit
    let system = System(limit: 3 * chunk)
    let area = area(units: 10 * 256, system)
    #expect(area.block(for: 4 * chunk) == nil)
    #expect(area.takenBytes == 0)
    var large = area.block(for: 2 * chunk + 1)
    #expect(large?.capacity == 2 * chunk + Self.unit)
    let small = area.block(for: chunk - Self.unit)
    #expect(small != nil)
    #expect(area.block(for: 1) == nil)
    large = nil
    #expect(area.block(for: 2 * chunk) != nil)
    system.setLimit(.max)
    #expect(area.block(for: 5 * chunk) != nil)
  }

  @Test(arguments: 0..<40) func `Random histories: blocks never overlap, all comes back`(seed: Int)
  {
    var random = RandomSource(seed)
    let units = random.number(1...2000)
    let system = System()
    let start = 64 * random.number(0...3)
    let area = area(units: units, from: start, system)
    var held: [(Block, Range<Int>)] = []
    var used: Set<Int> = []
    for _ in 0..<600 {
      if random.number(0...2) > 0 {
        let wanted = random.number(0...9) == 0 ? random.number(1...900) : random.number(1...40)
        guard let block = area.block(for: wanted * Self.unit) else {
          // Wherever a run was free, one was found, except for those that begin inside of a chunk.
          #expect(!hasRoom(for: wanted, units, used), "seed \(seed): \(wanted) units")
          continue
        }
        let first = ((block.offset(in: area.segment) ?? -1) - start) / Self.unit
        let range = first..<first + wanted
        #expect(used.isDisjoint(with: range) && range.upperBound <= units, "seed \(seed)")
        used.formUnion(range)
        held.append((block, range))
      } else if !held.isEmpty {
        let place = random.number(0...held.count - 1)
        used.subtract(held.remove(at: place).1)
      }
      #expect(area.takenBytes == used.count * Self.unit)
    }
    held.removeAll()
    #expect(area.takenBytes == 0)
    #expect(area.block(for: area.byteCount) != nil)
  }

  /// Whether a run of `count` units is free inside of a chunk, or from the beginning of one on.
  private func hasRoom(for count: Int, _ units: Int, _ used: Set<Int>) -> Bool {
    let starts = count > 256 ? Array(stride(from: 0, to: units, by: 256)) : Array(0..<units)
    return starts.contains { start in
      guard start + count <= units, count > 256 || start % 256 + count <= 256 else { return false }
      return (start..<start + count).allSatisfy { !used.contains($0) }
    }
  }

  @Test func `Threads share an area`() {
    let area = area(units: 500)
    let threads = 4
    let taken = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var random = RandomSource(thread)
      var held: [Block] = []
      for _ in 0..<2000 {
        if held.count < 8, let block = area.block(for: random.number(1...600)) {
          held.append(block)
          taken.withLock { $0 += 1 }
        } else if !held.isEmpty {
          held.remove(at: random.number(0...held.count - 1))
        }
      }
    }
    #expect(taken.withLock { $0 } > threads * 100)
    #expect(area.takenBytes == 0)
  }

  @Test func `A block over a segment knows its bytes, and goes back to its owner`() {
    final class Owner: BlockOwner {
      let back = Mutex<[Int]>([])
      func takeBack(offset: Int, capacity: Int) {
        back.withLock { $0 += [offset, capacity] }
      }
    }
    let segment = Segment(byteCount: 4096)
    segment.write(Bytes("frames"), at: 100)
    let owner = Owner()
    do {
      let block = Block(in: segment, offset: 100, capacity: 6, owner: owner)
      block.seal(count: 6, records: 2)
      #expect(block.bytes == Bytes("frames") && block.records == 2)
    }
    #expect(owner.back.withLock { $0 } == [100, 6])
  }

  @Test(arguments: 0..<40) func `Blocks stand apart, and all room comes back`(seed: Int) throws {
    var random = RandomSource(seed)
    let granules = random.number(1...200)
    let granule = 64
    let segment = Segment(byteCount: granules * granule)
    let area = BlockArea(segment, granuleBytes: granule)
    var held: [(block: Block, bytes: [UInt8])] = []
    var refused = 0
    for _ in 0..<600 {
      if random.number(0...2) > 0 {
        let bytes = random.bytes(random.number(1...granule * 9))
        if let block = bytes.withBytes({ area.block(copying: $0, records: 1) }) {
          held.append((block, bytes))
        } else {
          refused += 1
          // Refused only where no run of free granules is long enough.
          let wanted = (bytes.count + granule - 1) / granule
          let taken = held.map { entry -> Range<Int> in
            let offset = (entry.block.offset(in: segment) ?? 0) / granule
            return offset..<offset + entry.block.capacity / granule
          }.sorted { $0.lowerBound < $1.lowerBound }
          var end = 0
          for range in taken + [granules..<granules] {
            #expect(range.lowerBound - end < wanted, "seed \(seed)")
            end = range.upperBound
          }
        }
      } else if !held.isEmpty {
        held.remove(at: random.number(0...(held.count - 1)))
      }
      for (block, bytes) in held.suffix(8) { #expect(Array(block.bytes) == bytes) }
    }
    for (block, bytes) in held { #expect(Array(block.bytes) == bytes) }
    #expect(granules > 150 || refused > 0)
    held = []
    #expect(area.takenBytes == 0)
    #expect(
      [UInt8](repeating: 7, count: area.byteCount).withBytes {
        area.block(copying: $0, records: 1) != nil
      })
  }

  @Test func `A block knows its segment alone`() throws {
    let segment = Segment(byteCount: 128 << 10)
    let area = BlockArea(segment, from: 64 << 10, granuleBytes: 64 << 10)
    let block = try #require(area.block(for: 0))
    #expect(block.offset(in: segment) == 64 << 10)
    #expect(block.offset(in: Segment(byteCount: 128 << 10)) == nil)
    #expect(BlockPool().block().offset(in: segment) == nil)
    #expect(area.block(for: 0) == nil)
  }
}
