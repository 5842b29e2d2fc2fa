// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing

@testable import Dataflow

@Suite struct FoldsTests {
  private func words(_ turn: Folds.Turn?) -> String {
    guard let turn else { return "none" }
    let blocks = turn.blocks.map(Samples.text).joined()
    return "\(turn.isLast ? "last" : "fold") \(turn.partition) \(blocks)"
  }

  @Test("A partition is in one executor's hand at a time, and its blocks keep their order")
  func onePartition() {
    var folds = Folds([3])
    folds.queue(Samples.block("a"), 3)
    folds.queue(Samples.block("b"), 3)
    #expect(words(folds.next { _ in true }) == "fold 3 ab")
    folds.queue(Samples.block("c"), 3)
    #expect(words(folds.next { _ in true }) == "none")
    #expect(folds.queuedBytes == 3)
    folds.folded(3)
    #expect(folds.queuedBytes == 1)
    #expect(words(folds.next { _ in true }) == "fold 3 c")
    folds.folded(3)
    #expect(folds.queuedBytes == 0)
    #expect(words(folds.next { _ in true }) == "none")
    #expect(!folds.isDone)
  }

  @Test("An executor is given its own partitions alone, the fullest first")
  func own() {
    var folds = Folds([0, 1, 2])
    for partition in [0, 1, 1, 2, 2, 2] { folds.queue(Samples.block("x"), partition) }
    #expect(words(folds.next { $0 < 2 }) == "fold 1 xx")
    #expect(words(folds.next { $0 < 2 }) == "fold 0 x")
    #expect(words(folds.next { $0 < 2 }) == "none")
    #expect(words(folds.next { $0 == 2 }) == "fold 2 xxx")
    #expect(folds.begun { $0 != 0 } == [1, 2])
  }

  @Test("What is not worth it waits, until no more will come")
  func threshold() {
    var folds = Folds([0, 1])
    for partition in [0, 1, 1] { folds.queue(Samples.block("x"), partition) }
    #expect(words(folds.next(ofAtLeast: 3) { _ in true }) == "none")
    folds.queue(Samples.block("y"), 1)
    #expect(words(folds.next(ofAtLeast: 3) { _ in true }) == "fold 1 xxy")
    folds.folded(1)
    folds.close()
    #expect(words(folds.next(ofAtLeast: 3) { _ in true }) == "last 0 x")
    #expect(words(folds.next(ofAtLeast: 3) { _ in true }) == "last 1 ")
  }

  @Test("A run is finished once after all is folded, and partitions without blocks are empty runs")
  func close() {
    var folds = Folds([0, 1])
    folds.queue(Samples.block("a"), 0)
    folds.close()
    #expect(folds.hasOpen)
    #expect(words(folds.next { _ in true }) == "last 0 a")
    #expect(words(folds.next { _ in true }) == "none")
    #expect(!folds.isDone)
    folds.runBlock(0, Samples.block("r"))
    folds.runBlock(0, Samples.block("s"))
    folds.finished(0, Samples.runTally(records: 2, bytes: 2))
    #expect(folds.isDone && !folds.hasOpen)
    #expect(words(folds.next { _ in true }) == "none")
    #expect(folds.begun { _ in true } == [])
    let runs = folds.runs
    #expect(runs.map(\.partition) == [0, 1])
    #expect(runs[0].run.blocks.map(Samples.text) == ["r", "s"])
    #expect(runs[0].run.tally.records == 2)
    #expect(runs[1].run.blocks.isEmpty && runs[1].run.tally == RunTally())
  }

  @Test("Nothing is finished before the last block is known")
  func open() {
    var folds = Folds([0])
    folds.queue(Samples.block("a"), 0)
    _ = folds.next { _ in true }
    folds.folded(0)
    #expect(words(folds.next { _ in true }) == "none")
    #expect(!folds.hasOpen)
    folds.close()
    #expect(folds.hasOpen)
    #expect(words(folds.next { _ in true }) == "last 0 ")
  }

  @Test("What is removed is neither folded nor waited for, and its bytes are not counted")
  func remove() {
    var folds = Folds([0, 1, 2])
    for partition in [0, 0, 1, 2] { folds.queue(Samples.block("xy"), partition) }
    #expect(words(folds.next { $0 == 1 }) == "fold 1 xy")
    folds.remove([0, 2])
    #expect(folds.queuedBytes == 2)
    folds.queue(Samples.block("z"), 0)
    #expect(folds.queuedBytes == 2)
    #expect(words(folds.next { _ in true }) == "none")
    folds.remove([1])
    #expect(folds.queuedBytes == 0)
    // The executor that had it in hand reports still.
    folds.folded(1)
    #expect(folds.queuedBytes == 0)
    #expect(folds.isDone && folds.runs.isEmpty)
  }
}
