// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import Dataflow

/// A step that goes on in a second view, where another node schedules.
@Suite struct SchedulerTests {
  private static let step = StepID(1)

  /// What members tell, the same for all partitions.
  private struct Table: StepTable {
    var prepared: [NodeID: UInt64] = [:]
    var digests: [NodeID: UInt64] = [:]
    var records: [NodeID: Int] = [:]

    func slots(of node: NodeID) -> Int { 1 }
    func mapped(_ lane: Int, ordinal: UInt64, of node: NodeID) -> Int { 0 }
    func prepared(_ lane: Int, of node: NodeID) -> UInt64 { prepared[node] ?? 0 }
    func input(_ lane: Int, of node: NodeID) -> SplitTally {
      Samples.splitTally(records[node] ?? 3)
    }
    func tally(_ lane: Int, partition: Int, of node: NodeID) -> RunTally {
      var tally = Samples.runTally(records: 1, bytes: 9)
      tally.digest = digests[node] ?? 7
      return tally
    }
  }

  /// Members 2 and 3 are left of three, and member 2 schedules.
  private struct Second {
    let view: ClusterView
    var board = Board()
    var cluster = Coordinated()
    var table = Table()
    var orders = Orders()
    var scheduler: Scheduler
    private let time = Time(now: 5_000_000, clock: 400)

    init(_ receivers: [[Int]] = [[2], [2, 3]]) throws {
      view = Samples.view(2, [2, 3], receivers)
      let job = try cluster.submit()
      try cluster.apply(.begin(job, attempt: 1, Coordinated.plan(), clock: 110))
      board.apply(.begin(Samples.step()), receivers: [[1, 2], [2, 3]].map(Samples.nodes))
      board.beginView(view)
      scheduler = Scheduler(
        Samples.node(2), view, board: board, coordination: cluster.state,
        retention: Retention(), time, into: &orders)
      turn()
      for node in [2, 3] { tell(.stocked(1, missing: []), from: node) }
    }

    mutating func turn() {
      scheduler.step(board, cluster.state, table, time, into: &orders)
    }

    mutating func tell(_ message: ControlMessage, from node: Int) {
      scheduler.take(message, from: Samples.node(node), clock: 300, into: &orders)
    }

    mutating func hold(_ shard: Int, _ splits: [Int]) {
      var held = SplitSet()
      for split in splits { held.insert(split) }
      tell(.held(SchedulerTests.step, shard: shard, held), from: 2)
      turn()
    }

    /// What the step goes on with, and members know of it.
    mutating func resume() -> SplitSet? {
      for case .resume(_, let complete) in orders.messages {
        board.apply(.resume(SchedulerTests.step, complete: complete), receivers: view.receivers)
        return complete
      }
      return nil
    }

    mutating func prepare(_ nodes: [Int]) {
      for node in nodes { table.prepared[Samples.node(node)] = 1 }
      turn()
    }

    var drops: [StepID] {
      orders.messages.compactMap { if case .drop(let step) = $0 { step } else { nil } }
    }

    /// Splits that were given to nodes.
    var assigned: [Int] {
      orders.messages.flatMap { message -> [Int] in
        guard case .assign(_, let attempts) = message else { return [] }
        return attempts.map(\.split)
      }
    }

    /// Why the only command says that the job has failed; nil where it says something else.
    var failure: String? {
      guard orders.commands.count == 1, case .fail(_, _, let failure, _) = orders.commands[0]
      else { return nil }
      return failure.message
    }
  }

  /// A step whose replicas have all splits.
  private func resumed() throws -> Second {
    var second = try Second()
    for shard in [0, 1] { second.hold(shard, [0, 1, 2]) }
    #expect(second.resume() == SplitSet(first: 3))
    second.turn()
    return second
  }

  @Test("A split is complete where every shard has it sealed, once all shards have told")
  func complete() throws {
    var second = try Second()
    guard case .restate(let known) = second.orders.messages.first else {
      Issue.record("who has just joined is told of the step")
      return
    }
    #expect(known.plan.step == Self.step)
    second.hold(0, [0, 2])
    #expect(second.resume() == nil)
    second.hold(1, [0, 1])
    #expect(second.resume() == SplitSet(first: 1))
    second.turn()
    #expect(second.assigned == [1, 2])
  }

  @Test("A step is committed once all replicas are prepared, by one command")
  func commits() throws {
    var second = try resumed()
    second.prepare([2])
    #expect(second.orders.commands.isEmpty)
    second.prepare([3])
    guard
      case .stage(JobID(1), attempt: 1, StageID(0), let record, _, _) =
        second.orders.commands.first
    else {
      Issue.record("the stage is committed")
      return
    }
    #expect(record.step == Self.step && record.runs.count == 4)
    #expect(record.input == Samples.splitTally(3))
    // The step was under way before this scheduler was.
    #expect(record.microseconds == 290)
    second.turn()
    #expect(second.orders.commands.count == 1)
  }

  @Test("What was sent to the coordinators is not given up before they have said what came of it")
  func committing() throws {
    var second = try resumed()
    second.prepare([2, 3])
    second.tell(.failed(Self.step, .all, Samples.failure(), hasDied: false), from: 3)
    second.turn()
    #expect(second.drops == [])
    try second.cluster.apply(second.orders.commands[0])
    second.turn()
    #expect(second.drops == [Self.step])
    #expect(second.cluster.state.results.list("").map(\.step) == [Self.step])
  }

  @Test("Replicas whose runs differ fail the job, once they have found the first key that does")
  func runsDiffer() throws {
    var second = try resumed()
    second.table.digests[Samples.node(3)] = 8
    second.prepare([2, 3])
    #expect(second.orders.commands.isEmpty)
    let asked = ControlMessage.compare(Self.step, partition: 1, 0..<1, Samples.nodes([2, 3]))
    #expect(second.orders.messages.last == asked)
    for (node, key) in [(2, "b"), (3, "a"), (3, "a")] {
      let digest = UInt64(node)
      let excerpt = RunExcerpt(records: 0..<1, digests: [digest], key: Array(key.utf8))
      second.tell(.compared(Self.step, partition: 1, excerpt), from: node)
    }
    let words = "replicas of shard 1 disagree on the key \"a\""
    #expect(second.failure == "\(words): a closure is not deterministic")
    #expect(second.drops == [Self.step])
  }

  @Test("Where replicas have the same records, and counted differently, no key is named")
  func countsDiffer() throws {
    var second = try resumed()
    second.table.digests[Samples.node(3)] = 8
    second.prepare([2, 3])
    for node in [2, 3] {
      let excerpt = RunExcerpt(records: 0..<1, digests: [5], key: nil)
      second.tell(.compared(Self.step, partition: 1, excerpt), from: node)
    }
    #expect(second.failure == "replicas of shard 1 disagree: a closure is not deterministic")
  }

  @Test("Shards that count different tries at a split fail the job")
  func inputsDiffer() throws {
    var second = try resumed()
    second.table.records[Samples.node(3)] = 4
    second.prepare([2, 3])
    #expect(second.failure == "shards disagree: a closure is not deterministic")
  }

  @Test("A step of which a shard has no replica left begins anew, under a number of its own")
  func anew() throws {
    var second = try Second([[3], [2, 3]])
    #expect(second.drops == [Self.step])
    second.turn()
    let begun = second.orders.messages.compactMap { message -> StepPlan? in
      if case .begin(let plan) = message { plan } else { nil }
    }
    #expect(begun.map(\.step) == [StepID(view: 2, count: 0)])
    #expect(begun.map(\.stage) == [StageID(0)])
    #expect(second.orders.commands.isEmpty)
  }
}
