// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import Dataflow

/// A scheduler of one member, whose messages come back when the test says so.
@Suite struct SchedulerOrderTests {
  fileprivate static let time = Time(now: 1, clock: 1)

  private struct Alone {
    var coordinated = Coordinated()
    var board = Board()
    var orders = Orders()
    var scheduler: Scheduler

    init(_ coordinated: Coordinated) {
      self.coordinated = coordinated
      scheduler = Scheduler(
        Samples.node(1), Samples.view(1, [1], [[1]]), board: board,
        coordination: coordinated.state, retention: Retention(), SchedulerOrderTests.time,
        into: &orders)
      step()
      take(.stocked(1, missing: []))
    }

    mutating func step() {
      scheduler.step(
        board, coordinated.state, AllPrepared(), SchedulerOrderTests.time, into: &orders)
    }

    mutating func take(_ message: ControlMessage) {
      scheduler.take(message, from: Samples.node(1), clock: 1, into: &orders)
    }

    /// Lets all messages come back, and all commands be taken.
    mutating func settle() throws {
      for _ in 0..<10 {
        for message in takeMessages() {
          board.apply(message, receivers: [[Samples.node(1)]])
          if case .live(let number, _) = message { take(.stocked(number, missing: [])) }
        }
        let commands = orders.commands
        orders.commands = []
        for command in commands { try coordinated.apply(command) }
        step()
      }
    }

    mutating func takeMessages() -> [ControlMessage] {
      defer { orders.messages = [] }
      return orders.messages
    }

    /// The steps that were announced and are not settled.
    var steps: [StepPlan] {
      orders.messages.compactMap { message in
        guard case .begin(let plan) = message else { return nil }
        return plan
      }
    }

    var errands: [Errand] { orders.errands.map(\.0) }
  }

  /// All replicas say that they are prepared.
  private struct AllPrepared: StepTable {
    func slots(of node: NodeID) -> Int { 1 }
    func mapped(_ lane: Int, ordinal: UInt64, of node: NodeID) -> Int { 0 }
    func prepared(_ lane: Int, of node: NodeID) -> UInt64 { .max }
    func tally(_ lane: Int, partition: Int, of node: NodeID) -> RunTally { RunTally() }
    func input(_ lane: Int, of node: NodeID) -> SplitTally { SplitTally() }
  }

  @Test("An executor that dies over a plan costs nothing; two that die over it fail the job")
  func errands() throws {
    var coordinated = Coordinated()
    let job = try coordinated.submit()
    var alone = Alone(coordinated)
    #expect(alone.errands == [.plan(job)])
    let death = ErrandReport.died(Samples.failure("killed"))
    alone.scheduler.take(death, of: .plan(job), clock: 1, into: &alone.orders)
    #expect(alone.errands == [.plan(job), .plan(job)])
    #expect(alone.orders.commands.isEmpty)
    alone.scheduler.take(death, of: .plan(job), clock: 1, into: &alone.orders)
    #expect(alone.errands.count == 2)
    try alone.settle()
    #expect(alone.coordinated.state.jobs[job]?.phase == .failed)
  }

  @Test("A plan that is refused is not asked for again")
  func refused() throws {
    var coordinated = Coordinated()
    let job = try coordinated.submit()
    var alone = Alone(coordinated)
    let report = ErrandReport.failed(Samples.failure("no such file"))
    alone.scheduler.take(report, of: .plan(job), clock: 1, into: &alone.orders)
    #expect(alone.errands == [.plan(job)])
    try alone.settle()
    #expect(alone.coordinated.state.jobs[job]?.failure == Samples.failure("no such file"))
  }

  @Test("A step is needed, as all see it, before it is no longer under way")
  func order() throws {
    var coordinated = Coordinated()
    let job = try coordinated.submit()
    var alone = Alone(coordinated)
    let plan = ErrandReport.planned(Coordinated.plan(), files: [])
    alone.scheduler.take(plan, of: .plan(job), clock: 1, into: &alone.orders)
    var seen: [String] = []
    for _ in 0..<10 {
      for message in alone.takeMessages() {
        switch message {
        case .begin: seen.append("begin")
        case .live(_, let steps): seen.append("live \(steps.count)")
        case .drop: seen.append("drop")
        default: break
        }
        alone.board.apply(message, receivers: [[Samples.node(1)]])
        if case .live(let number, _) = message { alone.take(.stocked(number, missing: [])) }
      }
      for command in alone.orders.commands { try alone.coordinated.apply(command) }
      alone.orders.commands = []
      alone.step()
    }
    #expect(alone.coordinated.state.jobs[job]?.phase == .committed)
    #expect(seen == ["live 0", "begin", "live 1", "drop"])
  }

  @Test("A job that reads a result begins once its version is chosen, with that version's runs")
  func chosen() throws {
    var coordinated = Coordinated()
    try coordinated.commit("a", step: 1)
    let job = try coordinated.submit()
    var alone = Alone(coordinated)
    let read = ResultInput(name: "a", elements: .pairs(key: .bytes, value: .double))
    let plan = ErrandReport.planned(Coordinated.plan(reads: [read]), files: [])
    alone.take(.stocked(2, missing: []))
    alone.scheduler.take(plan, of: .plan(job), clock: 1, into: &alone.orders)
    for _ in 0..<3 { alone.step() }
    // It is told once, and nothing begins before the coordinators have taken note.
    #expect(alone.orders.commands.count == 1)
    #expect(alone.steps.isEmpty)
    // Between the two, the result gets another version.
    try alone.coordinated.commit("a", step: 2)
    for command in alone.orders.commands { try alone.coordinated.apply(command) }
    try alone.coordinated.commit("a", step: 3)
    alone.orders.commands = []
    alone.step()
    let inputs = alone.steps.flatMap(\.inputs)
    #expect(inputs.map(\.step) == [StepID(2)])
    #expect(inputs.flatMap(\.splits) == [.records(partition: 0, 0..<1)])
    try alone.settle()
    #expect(alone.coordinated.state.jobs[job]?.phase == .committed)
  }

  @Test("A job whose result is not there fails, and begins no step")
  func absent() throws {
    let coordinated = Coordinated()
    var alone = Alone(coordinated)
    let job = try alone.coordinated.submit()
    alone.step()
    let read = ResultInput(name: "a", elements: .pairs(key: .bytes, value: .double))
    let plan = ErrandReport.planned(Coordinated.plan(reads: [read]), files: [])
    alone.scheduler.take(plan, of: .plan(job), clock: 1, into: &alone.orders)
    try alone.settle()
    #expect(alone.steps.isEmpty)
    #expect(alone.coordinated.state.jobs[job]?.failure?.message == "there is no result called a")
    // Its lane is another's.
    let next = try alone.coordinated.submit()
    alone.step()
    alone.scheduler.take(
      .planned(Coordinated.plan(), files: []), of: .plan(next), clock: 1, into: &alone.orders)
    try alone.settle()
    #expect(alone.coordinated.state.jobs[next]?.phase == .committed)
  }
}
