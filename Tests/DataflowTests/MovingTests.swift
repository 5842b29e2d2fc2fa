// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Testing
import Vocabulary

@testable import Dataflow

/// Replicas that come to a shard, and that leave it.
@Suite struct MovingTests {
  private static let time = Time(now: 1, clock: 1)
  private let step = StepID(1)
  private let live = [LiveStep(step: StepID(1), partitions: 2)]
  private let runs = ShardRuns(step: StepID(1), shard: 0)

  private func workshop(_ node: Int, receivers: [Int]) -> Workshop {
    var workshop = Workshop(
      Samples.node(node), slots: 1, retention: Retention(), byteMaximum: 1 << 20,
      foldBytes: 1, memory: Samples.pool)
    begin(2, receivers: receivers, &workshop)
    return workshop
  }

  private func begin(_ view: UInt64, receivers: [Int], _ workshop: inout Workshop) {
    var effects: [WorkshopEffect] = []
    workshop.begin(Samples.view(view, [1, 2], [receivers]), nil, Self.time, into: &effects)
  }

  private func tell(_ message: ControlMessage, from node: Int = 1, _ workshop: inout Workshop) {
    var effects: [WorkshopEffect] = []
    workshop.take(message, from: Samples.node(node), Self.time, into: &effects)
  }

  private func give(_ parcels: [ShardParcel], _ workshop: inout Workshop) {
    var effects: [WorkshopEffect] = []
    let bytes = parcels.flatMap { $0.header + ($0.block.map { Array($0.bytes) } ?? []) }
    bytes.withBytes { bytes in
      do throws(ByteReader.Damaged) {
        try workshop.take(shard: 0, bytes, into: &effects)
      } catch {
        Issue.record("parcels are read as they were written")
      }
    }
  }

  /// What a replica that has the runs of a step sends to one that lacks them.
  private func supplied() -> [ShardParcel] {
    var giver = workshop(1, receivers: [1, 2])
    let run = HeldRun(
      blocks: [Samples.block("a"), Samples.block("b")],
      tally: Samples.runTally(records: 2, bytes: 2))
    giver.shelf.put(run, step, 0)
    giver.shelf.put(HeldRun(blocks: [], tally: RunTally()), step, 1)
    tell(.live(1, live), &giver)
    tell(.stocked(1, missing: []), from: 1, &giver)
    tell(.stocked(1, missing: [runs]), from: 2, &giver)
    return Array(giver.parcels[0].next(1 << 20).items)
  }

  @Test("Who lacks runs that are needed is given all of them, and has the shard then")
  func supply() {
    let parcels = supplied()
    #expect(parcels.count == 3)
    var newcomer = workshop(2, receivers: [1, 2])
    tell(.live(1, live), &newcomer)
    #expect(newcomer.messages.next(1).items.first == .stocked(1, missing: [runs]))
    #expect(newcomer.stocked == [])
    give(Array(parcels.dropLast()), &newcomer)
    #expect(newcomer.stocked == [])
    give([parcels[2]], &newcomer)
    #expect(newcomer.stocked == [0])
    #expect(newcomer.shelf.run(step, 0)?.blocks.map(Samples.text) == ["a", "b"])
  }

  @Test("Who takes no part in a step has its shard only when it has the step's runs")
  func underWay() {
    var board = Board()
    board.apply(
      .begin(Samples.step(splits: 1, partitions: 2)), receivers: [[1]].map(Samples.nodes))
    guard let known = board[step] else { return }
    var newcomer = workshop(2, receivers: [1, 2])
    tell(.restate(known), &newcomer)
    tell(.live(1, []), &newcomer)
    #expect(newcomer.stocked == [], "the step may be committed at any time")
    tell(.live(2, live), &newcomer)
    give(supplied(), &newcomer)
    #expect(newcomer.stocked == [])
    tell(.drop(step), &newcomer)
    #expect(newcomer.stocked == [0])
  }

  @Test("A shard that has a part in all steps has what they need from their beginning")
  func fromTheBeginning() {
    var replica = workshop(2, receivers: [1, 2])
    tell(.live(1, []), &replica)
    #expect(replica.stocked == [0])
    tell(.begin(Samples.step(splits: 1, partitions: 2)), &replica)
    tell(.live(2, []), &replica)
    #expect(replica.stocked == [0])
  }

  @Test("Who has left a shard forgets the runs of a step that goes on there without it")
  func left() {
    var mover = workshop(2, receivers: [1, 2])
    tell(.begin(Samples.step(splits: 1, partitions: 2)), &mover)
    let key = SplitKey(step: step, split: 0, attempt: 0)
    give([ShardParcel(.seal(key, blocks: 0, Samples.splitTally(1)), nil)], &mover)
    var effects: [WorkshopEffect] = []
    mover.step(nil, NoTable(), Self.time, into: &effects)
    #expect(mover.shelf.run(step, 0) != nil)
    begin(3, receivers: [1, 2], &mover)
    #expect(mover.shelf.run(step, 0) != nil)
    begin(4, receivers: [1], &mover)
    #expect(mover.shelf.run(step, 0) == nil)
    // Coming back, it has no part in it.
    begin(5, receivers: [1, 2], &mover)
    mover.step(nil, NoTable(), Self.time, into: &effects)
    #expect(mover.shelf.run(step, 0) == nil)
  }

  @Test("A shard without partitions of a step is prepared when it has all splits, like the others")
  func withoutPartitions() throws {
    let plan = Samples.step(splits: 2, partitions: 1)
    var work = StepWork(plan, shards: [1], ShardMap(shards: 2))
    #expect(work.prepare() == nil)
    for split in [1, 0] {
      #expect(work.prepare() == nil && work.input == nil)
      let key = SplitKey(step: step, split: split, attempt: 0)
      try work.seal(key, shard: 1, blocks: 0, Samples.splitTally(1))
    }
    #expect(work.prepare()?.count == 0)
    #expect(work.input?.recordsRead == 2)
    #expect(work.prepare() == nil)
  }
}

/// Nobody has told anything.
struct NoTable: StepTable {
  func slots(of node: NodeID) -> Int { 1 }
  func mapped(_ lane: Int, ordinal: UInt64, of node: NodeID) -> Int { 0 }
  func prepared(_ lane: Int, of node: NodeID) -> UInt64 { 0 }
  func tally(_ lane: Int, partition: Int, of node: NodeID) -> RunTally { RunTally() }
  func input(_ lane: Int, of node: NodeID) -> SplitTally { SplitTally() }
}
