// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

/// Two replicas look for the first record in which their runs differ.
@Suite struct ComparisonTests {
  private struct Record: Hashable {
    var key: String
    var value: String
  }

  /// A run of blocks of a few records each.
  private static func run(_ records: [Record]) -> HeldRun {
    var blocks: [Block] = []
    for start in stride(from: 0, to: records.count, by: 7) {
      var out = ByteBuffer()
      let some = records[start..<min(start + 7, records.count)]
      for record in some {
        Array(record.key.utf8).withBytes { key in
          Array(record.value.utf8).withBytes { out.appendFrame(key: key, value: $0) }
        }
      }
      let block = Samples.pool.block()
      block.fill(out.bytes, records: some.count)
      blocks.append(block)
    }
    return HeldRun(blocks: blocks, tally: RunTally())
  }

  /// What comes of it, and after how many rounds.
  private static func compare(_ one: [Record], _ other: [Record]) -> (Comparison.Outcome, Int) {
    let nodes = Samples.nodes([1, 2])
    let runs = [run(one), run(other)]
    var comparison = Comparison(
      partition: 0, nodes[0], nodes[1], records: max(one.count, other.count))
    for round in 1... {
      let asked = comparison.records
      #expect(comparison.take(runs[1].excerpt(asked), from: nodes[1]) == nil)
      guard let outcome = comparison.take(runs[0].excerpt(asked), from: nodes[0]) else { break }
      guard case .records = outcome else { return (outcome, round) }
    }
    return (.same, 0)
  }

  @Test("The first record that differs is found, whatever differs in it", arguments: 0..<200)
  func random(_ seed: Int) {
    var random = RandomSource(seed)
    let count = random.number(1...5000)
    let one = (0..<count).map { Record(key: "k\(100_000 + $0)", value: "v\(random.number(0...9))") }
    var other = one
    let place = random.number(0...count - 1)
    switch random.number(0...3) {
    case 0: other[place].value += "x"
    case 1: other.remove(at: place)
    case 2: other.insert(Record(key: one[place].key, value: ""), at: place)
    default: other[place].key += "x"
    }
    let expected = (0..<max(one.count, other.count)).first { index in
      index >= one.count || index >= other.count || one[index] != other[index]
    }
    let (outcome, rounds) = Self.compare(one, other)
    guard case .found(let record, let keys) = outcome else {
      Issue.record("\(outcome) of seed \(seed)")
      return
    }
    #expect(record == expected)
    #expect(keys[0] == (record < one.count ? Array(one[record].key.utf8) : nil))
    #expect(keys[1] == (record < other.count ? Array(other[record].key.utf8) : nil))
    #expect(rounds <= 4)
  }

  @Test("Equal runs are told to be equal, and empty ones, too", arguments: [0, 1, 64, 65, 1000])
  func same(_ count: Int) {
    let records = (0..<count).map { Record(key: "\($0)", value: "v") }
    #expect(Self.compare(records, records).0 == .same)
  }

  @Test("What answers another question, or comes of others, is passed over")
  func strangers() {
    let nodes = Samples.nodes([1, 2, 3])
    let held = Self.run([Record(key: "a", value: "b")])
    var comparison = Comparison(partition: 0, nodes[0], nodes[1], records: 100)
    #expect(comparison.take(held.excerpt(0..<100), from: nodes[2]) == nil)
    #expect(comparison.take(held.excerpt(0..<50), from: nodes[0]) == nil)
    #expect(comparison.take(held.excerpt(0..<100), from: nodes[0]) == nil)
    #expect(comparison.take(held.excerpt(0..<100), from: nodes[1]) == .same)
  }

  @Test("A key that is too long is not told")
  func longKey() {
    let key = String(repeating: "k", count: RunExcerpt.keyBytesMaximum + 1)
    let excerpt = Self.run([Record(key: key, value: "")]).excerpt(0..<1)
    #expect(excerpt.key == nil && excerpt.digests != [0])
  }

  @Test("Bytes that are no records end what is told, and nothing else")
  func damaged() {
    let block = Samples.block("\u{7f}\u{7f}not a record", records: 3)
    let excerpt = HeldRun(blocks: [block], tally: RunTally()).excerpt(0..<3)
    #expect(excerpt.digests == [0, 0, 0])
  }
}
