// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

/// Counts the values that are alive.
private final class Census {
  var alive = 0
}

private final class Tracked {
  let census: Census
  var sum: Int

  init(_ sum: Int, _ census: Census) {
    self.sum = sum
    self.census = census
    census.alive += 1
  }

  deinit { census.alive -= 1 }
}

private struct Refused: Error {}

/// Hands pairs to a table in batches, as an emitter does.
private func feed<Value, Input>(
  _ pairs: [(key: [UInt8], value: Input)], to table: inout CombineTable<Value>,
  insert: (Input) throws -> Value, update: (inout Value, inout Input) throws -> Void
) throws {
  var batch = EmitBatch<Input>()
  var keys = ByteBuffer()
  for (index, pair) in pairs.enumerated() {
    let offset = keys.count
    pair.key.withBytes { keys.append($0) }
    batch.append(keyAt: offset, count: pair.key.count, pair.value)
    if batch.isFull || index == pairs.count - 1 {
      batch.resolve(in: keys)
      try table.combine(&batch, insert: insert, update: update)
      keys.removeAll()
    }
  }
}

private func drained<Value>(_ table: inout CombineTable<Value>) -> [[UInt8]: Value] {
  var found: [[UInt8]: Value] = [:]
  var pairs = 0
  table.drain { key, value in
    found[Array(key)] = copy value
    pairs += 1
  }
  #expect(pairs == found.count, "each key comes once")
  return found
}

@Suite struct CombineTableTests {
  private func randomPairs(
    _ random: inout RandomSource, _ count: Int, alphabet: [UInt8]
  ) -> [(key: [UInt8], value: Int)] {
    (0..<count).map { number in
      let length =
        random.number(0...40) == 0 ? random.number(0...400) : random.number(0...3)
      return (random.bytes(length, of: alphabet), number)
    }
  }

  @Test(arguments: 0..<12) func `A table holds what a dictionary holds`(seed: Int) throws {
    var random = RandomSource(seed)
    var table = CombineTable<Int>(seed: random.next(), keyCount: 1)
    for round in 0..<3 {
      let alphabet: [UInt8] = seed % 2 == 0 ? [0, 1] : Array(0...255)
      let pairs = randomPairs(&random, round == 0 ? 3000 : 300, alphabet: alphabet)
      try feed(pairs, to: &table, insert: { $0 }, update: { $0 = $0 &* 31 &+ $1 })
      // The order in which values meet shows in the result.
      let wanted = Dictionary(pairs.map { ($0.key, $0.value) }) { $0 &* 31 &+ $1 }
      let count = table.count
      #expect(count == wanted.count)
      let found = drained(&table)
      #expect(found == wanted)
      let left = table.count
      #expect(left == 0)
    }
  }

  @Test func `A table grows from its least size to many keys`() throws {
    var table = CombineTable<UInt8>(seed: 1, keyCount: 1)
    let pairs = (0..<20_000).map { (key: Array("key \($0)".utf8), value: UInt8($0 % 251)) }
    try feed(pairs, to: &table, insert: { $0 }, update: { _, _ in Issue.record("keys differ") })
    let found = drained(&table)
    #expect(found == Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) }))
  }

  @Test func `Values of any size and alignment stay whole`() throws {
    struct Wide: Equatable {
      var number: Int128
      var flag: Bool
    }
    var table = CombineTable<Wide>(seed: 5, keyCount: 1)
    let pairs = (0..<4000).map { (key: Array("\($0 % 1500)".utf8), value: $0) }
    try feed(
      pairs, to: &table, insert: { Wide(number: Int128($0) << 70, flag: $0 % 2 == 0) },
      update: { $0.number += Int128($1) })
    let found = drained(&table)
    var wanted: [[UInt8]: Wide] = [:]
    for pair in pairs {
      if wanted[pair.key] == nil {
        wanted[pair.key] = Wide(number: Int128(pair.value) << 70, flag: pair.value % 2 == 0)
      } else {
        wanted[pair.key]?.number += Int128(pair.value)
      }
    }
    #expect(found == wanted)
  }

  @Test func `Values without a size leave the keys alone`() throws {
    struct Mark {}
    var table = CombineTable<Mark>(seed: 5, keyCount: 1)
    let pairs = (0..<4000).map { (key: Array("\($0 % 1500)".utf8), value: Mark()) }
    try feed(pairs, to: &table, insert: { $0 }, update: { _, _ in })
    let count = table.count
    #expect(count == 1500)
    let found = drained(&table)
    #expect(Set(found.keys) == Set(pairs.map(\.key)))
  }

  @Test func `Values are released when a table is drained, and when it goes`() throws {
    let census = Census()
    var random = RandomSource(4)
    let pairs = randomPairs(&random, 3000, alphabet: [1, 2, 3, 4, 5])
    do {
      var table = CombineTable<Tracked>(seed: 9, keyCount: 1)
      try feed(
        pairs, to: &table, insert: { Tracked($0, census) },
        update: { $0 = Tracked($0.sum + $1, census) })
      let count = table.count
      #expect(census.alive == count && count > 100)
      table.drain { _, value in #expect(value.sum >= 0) }
      #expect(census.alive == 0)
      try feed(pairs, to: &table, insert: { Tracked($0, census) }, update: { $0.sum += $1 })
      #expect(census.alive == count)
    }
    #expect(census.alive == 0)
  }

  @Test func `A batch that is never combined releases its values`() {
    let census = Census()
    do {
      var batch = EmitBatch<Tracked>()
      for _ in 0..<10 { batch.append(Bytes("key"), Tracked(1, census)) }
      let (count, key) = (batch.count, Array(batch.key(9)))
      #expect(count == 10 && census.alive == 10 && key == Array("key".utf8))
    }
    #expect(census.alive == 0)
  }

  @Test(arguments: [0, 1, 63, 64, 65, 200, 999]) func `A step that throws leaks and breaks nothing`(
    failing: Int
  ) throws {
    let census = Census()
    do {
      var table = CombineTable<Tracked>(seed: 2, keyCount: 1)
      let pairs = (0..<1000).map { (key: Array("\($0 % 150)".utf8), value: $0) }
      #expect(throws: Refused.self) {
        try feed(
          pairs, to: &table,
          insert: { if $0 == failing { throw Refused() } else { return Tracked($0, census) } },
          update: { value, input in
            if input == failing { throw Refused() }
            value = Tracked(value.sum + input, census)
          })
      }
      let count = table.count
      #expect(census.alive == count && count == min(failing, 150))
      // What was taken in before the failure is still there, and the table still works.
      try feed(pairs, to: &table, insert: { Tracked($0, census) }, update: { $0.sum += $1 })
      let whole = drained(&table)
      #expect(whole.count == 150)
      for (key, value) in whole {
        let number = try #require(key.withBytes { Int($0) })
        let early = (0..<failing).filter { $0 % 150 == number }.reduce(0, +)
        let all = (0..<1000).filter { $0 % 150 == number }.reduce(0, +)
        #expect(value.sum == early + all)
      }
    }
    #expect(census.alive == 0)
  }

  @Test func `A drain that throws hands over nothing twice`() throws {
    let census = Census()
    do {
      var table = CombineTable<Tracked>(seed: 2)
      let pairs = (0..<100).map { (key: Array("\($0)".utf8), value: $0) }
      try feed(pairs, to: &table, insert: { Tracked($0, census) }, update: { $0.sum += $1 })
      var seen = 0
      #expect(throws: Refused.self) {
        try table.drain { _, _ in
          seen += 1
          if seen == 50 { throw Refused() }
        }
      }
    }
    #expect(census.alive == 0)
  }
}
