// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@Suite struct TaggedTreeTests {
  private static func randomTree(_ random: inout RandomSource, depth: Int) -> TaggedTree {
    switch random.number(0...(depth > 0 ? 7 : 5)) {
    case 0: .none
    case 1: .bool(random.number(0...1) == 0)
    case 2: .integer(Int64(bitPattern: random.next() >> UInt64(random.number(0...63))))
    case 3: .natural(random.next() >> UInt64(random.number(0...63)))
    case 4: .double(Double(bitPattern: random.next()))
    case 5: .text(randomText(&random))
    case 6: .list((0..<random.number(0...4)).map { _ in randomTree(&random, depth: depth - 1) })
    default:
      .record(
        (0..<random.number(0...4)).map { _ in
          (randomText(&random), randomTree(&random, depth: depth - 1))
        })
    }
  }

  private static func randomText(_ random: inout RandomSource) -> String {
    String((0..<random.number(0...5)).map { _ in Array("aé\0\"日")[random.number(0...4)] })
  }

  private func encoded(_ tree: TaggedTree) -> [UInt8] {
    var buffer = ByteBuffer()
    tree.write(to: &buffer)
    return Array(buffer.bytes)
  }

  private func decoded(_ bytes: [UInt8]) throws -> (tree: TaggedTree, left: Int) {
    try bytes.withBytes {
      var reader = ByteReader($0)
      return (try TaggedTree(from: &reader, depth: 0), reader.remaining)
    }
  }

  @Test(arguments: 0..<100) func `A tree reads back, and nothing less is a tree`(seed: Int) throws {
    var random = RandomSource(seed)
    let tree = Self.randomTree(&random, depth: 4)
    let bytes = encoded(tree)
    let read = try decoded(bytes + [0, 1, 2])
    #expect(read.left == 3)
    #expect("\(read.tree)" == "\(tree)")
    #expect(encoded(read.tree) == bytes)
    for cut in 0..<min(bytes.count, 300) {
      #expect(throws: ByteReader.Damaged.self) { _ = try decoded(Array(bytes[..<cut])) }
    }
  }

  @Test(arguments: 0..<60) func `Damaged bytes are refused or read as another tree, never a trap`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    var bytes = encoded(Self.randomTree(&random, depth: 4))
    if seed % 3 == 0 { bytes = random.bytes(200, of: Array(0...9)) }
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0...random.number(0...3) where !damaged.isEmpty {
        damaged[random.number(0...(damaged.count - 1))] = UInt8(random.number(0...255))
      }
      guard let read = try? decoded(damaged) else { continue }
      // What was read is a whole tree, inside of the bytes.
      #expect(read.left >= 0 && read.left < damaged.count)
      #expect(try decoded(encoded(read.tree)).left == 0)
    }
  }

  @Test func `A tree that is too deep is damaged`() throws {
    func nested(_ depth: Int) -> [UInt8] { (0..<(2 * depth)).map { $0 % 2 == 0 ? 7 : 1 } + [0] }
    #expect(throws: ByteReader.Damaged.self) { _ = try decoded(nested(100_000)) }
    #expect(try decoded(nested(150)).left == 0)
  }

  @Test(
    arguments: [[9], [255], [7, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [8, 2, 1, 0x61, 0], [6, 3, 0x61]]
      as [[UInt8]])
  func `Unknown tags and counts beyond the end are damaged`(bytes: [UInt8]) {
    #expect(throws: ByteReader.Damaged.self) { _ = try decoded(bytes) }
  }
}
