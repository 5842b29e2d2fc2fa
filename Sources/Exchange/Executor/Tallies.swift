// SPDX-License-Identifier: Apache-2.0
package import Memory

/// What a job counted under a name.
package struct CounterValue: Hashable, Sendable {
  package let name: String
  package let value: Int

  package init(name: String, value: Int) {
    self.name = name
    self.value = value
  }
}

/// What mapping one split came to.
package struct SplitTally: Hashable, Sendable {
  /// Input records.
  package var recordsRead = 0
  package var bytesRead = 0
  /// Records and bytes of the blocks that it left.
  package var recordsShuffled = 0
  package var bytesShuffled = 0
  /// In the order in which the plan names them.
  package var counters: [Int] = []

  package init() {}
}

/// What finishing one partition came to.
package struct RunTally: Hashable, Sendable {
  package var records = 0
  /// Bytes of all frames.
  package var bytes = 0
  /// XXH64 of all frames, in order: equal runs have equal digests.
  package var digest: UInt64 = 0
  /// What its closures counted, folding and finishing together, in the order of the plan.
  package var counters: [Int] = []

  package init() {}
}

extension ByteBuffer {
  package mutating func append(counters: [Int]) {
    appendVarint(UInt64(counters.count))
    for counter in counters { appendVarint(UInt64(bitPattern: Int64(counter))) }
  }

  package mutating func append(_ tally: SplitTally) {
    let numbers = [
      tally.recordsRead, tally.bytesRead, tally.recordsShuffled, tally.bytesShuffled,
    ]
    for number in numbers { appendVarint(UInt64(number)) }
    append(counters: tally.counters)
  }

  package mutating func append(_ tally: RunTally) {
    appendVarint(UInt64(tally.records))
    appendVarint(UInt64(tally.bytes))
    appendLittleEndian(tally.digest)
    append(counters: tally.counters)
  }
}

extension ByteReader {
  package mutating func counters() throws(Damaged) -> [Int] {
    var counters: [Int] = []
    for _ in 0..<(try length()) { counters.append(Int(Int64(bitPattern: try varint()))) }
    return counters
  }

  package mutating func splitTally() throws(Damaged) -> SplitTally {
    var tally = SplitTally()
    tally.recordsRead = try number()
    tally.bytesRead = try number()
    tally.recordsShuffled = try number()
    tally.bytesShuffled = try number()
    tally.counters = try counters()
    return tally
  }

  package mutating func runTally() throws(Damaged) -> RunTally {
    var tally = RunTally()
    tally.records = try number()
    tally.bytes = try number()
    tally.digest = try littleEndian(UInt64.self)
    tally.counters = try counters()
    return tally
  }
}
