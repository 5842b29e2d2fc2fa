// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Testing
import Vocabulary

@testable import Dataflow

/// A node's part in a step that breaks: the only member, with one shard and one slot.
@Suite struct WorkshopTests {
  fileprivate static let time = Time(now: 1, clock: 1)

  /// What executors and messages make of a workshop whose messages all come back at once.
  private struct Alone {
    var workshop: Workshop
    var turns: UInt64 = 0
    var shardTurns: UInt64 = 0
    /// Tasks that were started and have not ended.
    var tasks: [ExecutorTask] = []
    var told: [ControlMessage] = []

    init(foldBytes: Int = 1, memory: any BlockSource = Samples.pool) {
      workshop = Workshop(
        Samples.node(1), slots: 1, retention: Retention(), byteMaximum: 1 << 20,
        foldBytes: foldBytes, memory: memory)
      begin(1)
      var effects: [WorkshopEffect] = []
      workshop.take(.hasCode(Samples.code(), isNew: false), WorkshopTests.time, into: &effects)
    }

    mutating func begin(_ number: UInt64) {
      var effects: [WorkshopEffect] = []
      _ = workshop.messages.endView(turns, \.outlivesView)
      for shard in workshop.parcels.indices {
        let delivered = workshop.parcels[shard].endView(shardTurns) { _ in true }
        workshop.delivered(delivered)
      }
      (turns, shardTurns) = (0, 0)
      workshop.begin(Samples.view(number, [1], [[1]]), nil, WorkshopTests.time, into: &effects)
    }

    /// A step begins, and all of its splits are given to this node.
    mutating func begin(splits: Int) {
      take(.begin(Samples.step(splits: splits, partitions: 2)))
      take(.assign(StepID(1), (0..<splits).map { Samples.attempt($0, at: 1) }))
      settle()
    }

    /// The node holds a run of one block, or of none.
    mutating func hold(_ text: String?, _ step: StepID, _ partition: Int) {
      let blocks = text.map { [Samples.block($0)] } ?? []
      let tally = Samples.runTally(records: blocks.count, bytes: 0)
      workshop.shelf.put(HeldRun(blocks: blocks, tally: tally), step, partition)
    }

    /// Step 3 begins, whose partitions are made of those of other steps.
    mutating func align(_ steps: [UInt64], partitions: Int) {
      take(.begin(Samples.aligned(StepID(3), steps.map { StepID($0) }, partitions: partitions)))
      settle()
    }

    /// The executor dies, with its task.
    mutating func die() {
      var effects: [WorkshopEffect] = []
      workshop.take(
        .died(slot: 0, Samples.code(), Samples.failure()), WorkshopTests.time, into: &effects)
      _ = tasks.popLast()
      settle()
    }

    mutating func take(_ message: ControlMessage) {
      var effects: [WorkshopEffect] = []
      workshop.take(message, from: Samples.node(1), WorkshopTests.time, into: &effects)
    }

    /// Turns until nothing more happens without executors.
    mutating func settle() {
      for _ in 0..<20 {
        var effects: [WorkshopEffect] = []
        workshop.step(nil, NoTable(), WorkshopTests.time, into: &effects)
        for case .start(_, let task) in effects { tasks.append(task) }
        deliverMessages()
        deliverParcels()
      }
    }

    private mutating func deliverMessages() {
      let items = Array(workshop.messages.next(1 << 20).items)
      guard !items.isEmpty else { return }
      workshop.messages.markSent(items.count, turn: turns)
      turns += 1
      told += items
      for item in items { take(item) }
      _ = workshop.messages.takeDelivered(turns)
    }

    private mutating func deliverParcels() {
      let items = Array(workshop.parcels[0].next(1 << 20).items)
      guard !items.isEmpty else { return }
      workshop.parcels[0].markSent(items.count, turn: shardTurns)
      shardTurns += 1
      takeShard(items.flatMap { $0.header + ($0.block.map { Array($0.bytes) } ?? []) })
      workshop.delivered(workshop.parcels[0].takeDelivered(shardTurns))
    }

    mutating func takeShard(_ bytes: [UInt8]) {
      var effects: [WorkshopEffect] = []
      bytes.withBytes { bytes in
        do throws(ByteReader.Damaged) {
          try workshop.take(shard: 0, bytes, into: &effects)
        } catch {
          Issue.record("parcels are read as they were written")
        }
      }
    }

    mutating func report(_ report: TaskReport) {
      guard let task = tasks.last else {
        Issue.record("a task was started")
        return
      }
      var effects: [WorkshopEffect] = []
      workshop.take(
        .report(slot: 0, number: task.number, report), WorkshopTests.time, into: &effects)
    }

    mutating func end(_ report: TaskReport) {
      self.report(report)
      _ = tasks.popLast()
      settle()
    }

    /// Maps a split into a block for each of some partitions.
    mutating func map(into partitions: [Int]) {
      for partition in partitions {
        report(.block(partition: partition, Samples.block("p\(partition)")))
      }
      end(.mapped(Samples.splitTally(1)))
    }

    var failures: [StepPart] {
      told.compactMap { if case .failed(_, let part, _, _) = $0 { part } else { nil } }
    }

    /// Whether all that this node does for a step is told as finished.
    func isPrepared(_ step: UInt64 = 1) -> Bool {
      guard let known = workshop.board[StepID(step)] else { return false }
      return workshop.cells[known.plan.lane].prepared == known.ordinal
    }

    /// What the task that is under way is about.
    var task: String {
      switch tasks.last?.work {
      case nil: "none"
      case .map: "map"
      case .fold(let fold, _, let blocks, let isLast):
        "\(isLast ? "last" : "fold") \(fold.partition) \(blocks.map(Samples.text).joined())"
      case .align(let fold, _, let inputs):
        "align \(fold.partition) \(inputs.map { $0.map(Samples.text).joined() })"
      default: "other"
      }
    }
  }

  /// A node that has no room for a block.
  private final class NoMemory: BlockSource {
    func block(copying bytes: Bytes, records: Int) -> Block? { nil }
  }

  private func begun(splits: Int, foldBytes: Int = 1) -> Alone {
    var alone = Alone(foldBytes: foldBytes)
    alone.begin(splits: splits)
    return alone
  }

  @Test("A step is mapped, folded and finished, and then told as prepared")
  func whole() {
    var alone = begun(splits: 1)
    #expect(alone.task == "map")
    alone.map(into: [1])
    #expect(alone.workshop.cells[0].mapped == 1 && alone.workshop.cells[0].sealed == 1)
    #expect(alone.task == "last 1 p1")
    #expect(!alone.isPrepared())
    alone.report(.runBlock(Samples.block("run")))
    alone.end(.finished(Samples.runTally(records: 1, bytes: 3)))
    #expect(alone.task == "none")
    #expect(alone.isPrepared())
    #expect(alone.workshop.cells[0].tallies[1].records == 1)
    #expect(alone.workshop.cells[0].input == Samples.splitTally(1))
    let run = alone.workshop.shelf.run(StepID(1), 1)
    #expect(run?.blocks.map(Samples.text) == ["run"])
    #expect(alone.failures == [])
  }

  @Test("Partitions of an aligned step are made of those that are here, and wait for the others")
  func aligned() {
    var alone = Alone()
    for (step, partition) in [(1, 0), (2, 0), (1, 1)] {
      alone.hold("s\(step)p\(partition)", StepID(UInt64(step)), partition)
    }
    alone.align([1, 2], partitions: 2)
    #expect(alone.task == "align 0 [\"s1p0\", \"s2p0\"]")
    alone.report(.runBlock(Samples.block("run")))
    alone.end(.finished(Samples.runTally(records: 1, bytes: 3)))
    #expect(alone.task == "none", "partition 1 lacks an input")
    #expect(!alone.isPrepared(3))
    alone.hold("s2p1", StepID(2), 1)
    alone.settle()
    #expect(alone.task == "align 1 [\"s1p1\", \"s2p1\"]")
    alone.end(.finished(Samples.runTally(records: 0, bytes: 0)))
    #expect(alone.isPrepared(3))
    #expect(alone.workshop.shelf.run(StepID(3), 0)?.blocks.map(Samples.text) == ["run"])
    #expect(alone.failures == [])
  }

  @Test("Where nothing lies in a partition of any input, nobody is asked for it")
  func alignedOfNothing() {
    var alone = Alone()
    alone.hold(nil, StepID(1), 0)
    alone.hold("x", StepID(1), 1)
    alone.align([1], partitions: 2)
    #expect(alone.task == "align 1 [\"x\"]")
    alone.end(.failed(Samples.failure()))
    #expect(alone.failures == [.partition(1)])
    #expect(alone.task == "none" && !alone.isPrepared(3))
  }

  @Test("After a partition has failed, nothing of its step is folded, finished or prepared")
  func brokenStep() {
    var alone = begun(splits: 1)
    alone.map(into: [0, 1])
    #expect(alone.task == "last 0 p0")
    alone.end(.failed(Samples.failure()))
    #expect(alone.failures == [.partition(0)])
    #expect(alone.task == "none", "the other partition waits, and is not folded")
    #expect(!alone.isPrepared())
    #expect(alone.workshop.shelf.held.isEmpty)
  }

  @Test("A step that breaks while its last run is made does not look prepared")
  func brokenAtLast() {
    var alone = begun(splits: 1)
    alone.map(into: [0])
    #expect(alone.task == "last 0 p0")
    let again = SplitKey(step: StepID(1), split: 0, attempt: 1)
    alone.takeShard(ShardParcel(.seal(again, blocks: 0, Samples.splitTally(2)), nil).header)
    alone.end(.finished(Samples.runTally(records: 1, bytes: 3)))
    #expect(alone.failures == [.all])
    #expect(!alone.isPrepared())
    #expect(alone.workshop.shelf.held.isEmpty)
  }

  @Test("In the next view the failure is told again, and the step stays broken")
  func toldAgain() {
    var alone = begun(splits: 1)
    alone.map(into: [0, 1])
    alone.end(.failed(Samples.failure("of a partition")))
    alone.told = []
    alone.begin(2)
    alone.take(.resume(StepID(1), complete: SplitSet(first: 1)))
    alone.settle()
    #expect(alone.failures == [.partition(0)])
    #expect(alone.task == "none")
    #expect(!alone.isPrepared())
    // Until it is dropped; another one in its lane is whole.
    alone.take(.drop(StepID(1)))
    alone.told = []
    alone.begin(3)
    alone.settle()
    #expect(alone.failures == [])
  }

  @Test("A broken step takes no more blocks in, and another step in its lane is not broken")
  func anew() {
    var alone = begun(splits: 3)
    alone.map(into: [0])
    alone.map(into: [])
    #expect(alone.task == "fold 0 p0")
    alone.end(.failed(Samples.failure()))
    // What is left to be mapped is mapped, as the scheduler may not have heard yet.
    #expect(alone.task == "map")
    alone.map(into: [0])
    #expect(alone.task == "none")
    alone.take(.drop(StepID(1)))
    alone.take(.begin(Samples.step(StepID(2), splits: 1, partitions: 2)))
    alone.take(.assign(StepID(2), [Samples.attempt(0, at: 1)]))
    alone.settle()
    alone.map(into: [1])
    #expect(alone.task == "last 1 p1")
    alone.end(.finished(RunTally()))
    #expect(alone.isPrepared(2))
  }

  @Test("Splits are mapped before folds that are not worth their way, and those come at the end")
  func worthwhile() {
    var alone = begun(splits: 4, foldBytes: 5)
    alone.map(into: [0, 1])
    alone.map(into: [1, 1])
    #expect(alone.task == "map", "two bytes have come of the first split alone")
    alone.map(into: [])
    #expect(alone.task == "fold 1 p1p1p1")
    alone.end(.folded)
    #expect(alone.task == "map")
    alone.map(into: [])
    #expect(alone.task == "fold 0 p0", "the last split's end has not come back yet")
    alone.end(.folded)
    for partition in [0, 1] {
      #expect(alone.task == "last \(partition) ")
      alone.end(.finished(RunTally()))
    }
    #expect(alone.isPrepared())
  }

  @Test("An executable that is not kept any longer is asked for when a step needs it")
  func codeGone() {
    var alone = Alone()
    #expect(!alone.workshop.isUsing(Samples.code()))
    var effects: [WorkshopEffect] = []
    alone.workshop.take(.lacksCode(Samples.code()), Self.time, into: &effects)
    alone.begin(splits: 1)
    #expect(alone.workshop.isUsing(Samples.code()))
    #expect(alone.task == "none")
    #expect(alone.told.contains { if case .needsCode(Samples.code()) = $0 { true } else { false } })
  }

  @Test("An executor that dies between tasks breaks the steps that it had gathered something of")
  func death() {
    var alone = begun(splits: 3)
    alone.map(into: [1])
    alone.map(into: [])
    #expect(alone.task == "fold 1 p1")
    alone.end(.folded)
    #expect(alone.task == "map")
    var effects: [WorkshopEffect] = []
    alone.workshop.take(
      .died(slot: 0, Samples.code(2), Samples.failure()), Self.time, into: &effects)
    alone.settle()
    #expect(alone.failures == [], "it was of another executable")
    alone.die()
    #expect(alone.failures == [.split(2, attempt: 0), .partition(1)])
    #expect(!alone.isPrepared())
  }

  @Test("An executor that dies folding is told of once for each step, whatever it had gathered")
  func deathWhileFolding() {
    var alone = begun(splits: 3)
    alone.map(into: [0, 1])
    alone.map(into: [])
    alone.end(.folded)
    #expect(alone.task == "fold 1 p1")
    alone.die()
    #expect(alone.failures == [.partition(1)])
    #expect(alone.task == "map")
    // What dies with it later is of a step that is broken already.
    alone.die()
    #expect(alone.failures == [.partition(1), .split(2, attempt: 0)])
  }

  @Test("A block for which there is no memory breaks its step, and its seal is no fault")
  func noMemory() {
    var alone = Alone(memory: NoMemory())
    alone.begin(splits: 1)
    alone.map(into: [1])
    #expect(alone.failures == [.all])
    #expect(alone.workshop.cells[0].sealed == 0)
    #expect(alone.task == "none")
    #expect(!alone.isPrepared())
  }

  @Test("A run is kept while its step is under way, and while it is needed, and no longer")
  func keeping() {
    var alone = begun(splits: 1)
    alone.map(into: [])
    #expect(alone.isPrepared())
    let step = StepID(1)
    alone.take(.live(1, []))
    #expect(alone.workshop.shelf.held == [step])
    alone.take(.live(2, [LiveStep(step: step, partitions: 2)]))
    alone.take(.drop(step))
    #expect(alone.workshop.shelf.held == [step])
    alone.take(.live(3, []))
    #expect(alone.workshop.shelf.held == [])
  }

  @Test("A split that fails leaves its step whole, and counts as done")
  func failedSplit() {
    var alone = begun(splits: 2)
    alone.end(.failed(Samples.failure()))
    #expect(alone.failures == [.split(0, attempt: 0)])
    #expect(alone.workshop.cells[0].mapped == 1)
    alone.map(into: [])
    alone.take(.assign(StepID(1), [Samples.attempt(0, 1, at: 1)]))
    alone.settle()
    #expect(alone.task == "map")
    alone.map(into: [])
    #expect(alone.workshop.cells[0].mapped == 3)
    #expect(alone.isPrepared())
  }

  /// A step of one split that is prepared.
  private func prepared() -> Alone {
    var alone = begun(splits: 1)
    alone.map(into: [0])
    alone.end(.folded)
    alone.end(.finished(Samples.runTally(records: 0, bytes: 0)))
    return alone
  }

  @Test("What a step that came to nothing has made is freed with it")
  func freed() {
    var alone = prepared()
    alone.take(.live(1, []))
    #expect(alone.workshop.shelf.held == [StepID(1)], "it is under way")
    alone.take(.drop(StepID(1)))
    #expect(alone.workshop.shelf.held == [])
  }

  @Test("What is needed of a step stays, also where it was not told in this view")
  func kept() {
    var alone = prepared()
    alone.take(.live(1, [LiveStep(step: StepID(1), partitions: 2)]))
    alone.take(.drop(StepID(1)))
    #expect(alone.workshop.shelf.held == [StepID(1)])
    var other = prepared()
    other.begin(2)
    other.take(.drop(StepID(1)))
    #expect(other.workshop.shelf.held == [StepID(1)])
  }

  @Test("A replica does not hold its shard while a step is under way that it had no part in")
  func apart() {
    var alone = Alone()
    var board = Board()
    board.apply(.begin(Samples.step(partitions: 2)), receivers: [[Samples.node(2)]])
    guard let step = board[StepID(1)] else {
      Issue.record("the board has what was begun")
      return
    }
    alone.take(.restate(step))
    alone.take(.live(1, []))
    #expect(alone.workshop.stocked == [])
    alone.take(.live(2, [LiveStep(step: StepID(1), partitions: 2)]))
    alone.take(.drop(StepID(1)))
    #expect(alone.workshop.stocked == [], "its runs have not come yet")
    for partition in 0..<2 {
      let piece = RunPiece(
        step: StepID(1), partition: partition, index: 0, count: 0, tally: RunTally())
      alone.takeShard(ShardParcel(.run(piece, records: 0), nil).header)
    }
    #expect(alone.workshop.stocked == [0])
  }
}
