// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct StagingTests {
  private func key(_ split: Int, _ attempt: Int = 0) -> SplitKey {
    SplitKey(step: StepID(1), split: split, attempt: attempt)
  }

  private func texts(_ blocks: [Staging.StagedBlock]?) -> [String]? {
    blocks?.map { "\($0.partition):\(Samples.text($0.block))" }
  }

  @Test("Splits are handed out in their order, whichever is sealed first")
  func order() throws {
    var staging = Staging(splits: 3)
    staging.take(key(2), partition: 5, Samples.block("c"))
    try staging.seal(key(2), blocks: 1, Samples.splitTally(3))
    #expect(staging.next() == nil)
    staging.take(key(0), partition: 1, Samples.block("a"))
    staging.take(key(0), partition: 0, Samples.block("b"))
    #expect(staging.next() == nil)
    try staging.seal(key(0), blocks: 2, Samples.splitTally(1))
    #expect(texts(staging.next()) == ["1:a", "0:b"])
    #expect(staging.next() == nil)
    #expect(!staging.isComplete)
    try staging.seal(key(1), blocks: 0, Samples.splitTally(2))
    #expect(texts(staging.next()) == [])
    #expect(texts(staging.next()) == ["5:c"])
    #expect(staging.next() == nil)
    #expect(staging.isComplete)
    #expect(staging.handedOut == 3)
    #expect(staging.tally.recordsRead == 6)
    #expect(staging.tally.bytesShuffled == 66)
  }

  @Test("The attempt that is sealed first counts, alone and once")
  func attempts() throws {
    var staging = Staging(splits: 1)
    staging.take(key(0, 0), partition: 0, Samples.block("old"))
    staging.take(key(0, 1), partition: 0, Samples.block("n"))
    staging.take(key(0, 1), partition: 1, Samples.block("ew"))
    let tally = Samples.splitTally(4, counters: [2])
    try staging.seal(key(0, 1), blocks: 2, tally)
    #expect(!staging.wants(key(0, 0)))
    staging.take(key(0, 0), partition: 1, Samples.block("late"))
    try staging.seal(key(0, 0), blocks: 2, tally)
    #expect(texts(staging.next()) == ["0:n", "1:ew"])
    #expect(staging.next() == nil)
    #expect(staging.tally == tally)
  }

  @Test("A seal that counts other blocks than came is a fault, and the split stays open")
  func missing() {
    var staging = Staging(splits: 1)
    staging.take(key(0), partition: 0, Samples.block("a"))
    #expect(throws: Staging.Fault.blocksMissing(key(0), came: 1, sealed: 2)) {
      try staging.seal(key(0), blocks: 2, SplitTally())
    }
    // What another attempt left does not count for this one.
    #expect(throws: Staging.Fault.blocksMissing(key(0, 1), came: 0, sealed: 1)) {
      try staging.seal(key(0, 1), blocks: 1, SplitTally())
    }
    #expect(!staging.sealed.contains(0))
  }

  @Test("Two attempts that came to different things are a fault")
  func differing() throws {
    var staging = Staging(splits: 1)
    try staging.seal(key(0), blocks: 0, Samples.splitTally(1))
    #expect(throws: Staging.Fault.attemptsDiffer(split: 0)) {
      try staging.seal(key(0, 1), blocks: 0, Samples.splitTally(2))
    }
    #expect(staging.tally == Samples.splitTally(1))
  }

  @Test("A split that the step has not is nobody's")
  func beyond() throws {
    var staging = Staging(splits: 1)
    #expect(!staging.wants(key(1)))
    staging.take(key(1), partition: 0, Samples.block("a"))
    try staging.seal(key(1), blocks: 1, Samples.splitTally(1))
    #expect(staging.sealed.count == 0)
    #expect(Staging(splits: 0).isComplete)
  }

  @Test("Tallies add up counter by counter, also where one has fewer")
  func tallies() {
    var sum = SplitTally()
    sum.add(Samples.splitTally(1, counters: [1]))
    sum.add(Samples.splitTally(2, counters: [10, 20]))
    sum.add(Samples.splitTally(3))
    #expect(sum.counters == [11, 20])
    #expect(sum.recordsRead == 6 && sum.bytesRead == 60)
    #expect(sum.recordsShuffled == 9 && sum.bytesShuffled == 66)
  }
}
