// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct CoordinationTests {
  @Test("Jobs are counted, and wait from the moment they are submitted")
  func submit() throws {
    var cluster = Coordinated()
    #expect(try cluster.submit() == JobID(1))
    #expect(try cluster.submit() == JobID(2))
    let job = try #require(cluster.state.jobs[JobID(2)])
    #expect(job.phase == .queued && job.attempt == 0)
    // The clock stood still, and later is later.
    #expect(job.submitted == Instant(microseconds: 100, count: 1))
    for name in ["", String(repeating: "n", count: Limits.nameBytes + 1)] {
      #expect(throws: Refusal.self) { try cluster.submit(name) }
    }
    #expect(try cluster.submit() == JobID(3))
  }

  @Test("A job is cancelled once, and only where there is one")
  func cancel() throws {
    var cluster = Coordinated()
    let id = try cluster.submit()
    #expect(try cluster.apply(.cancel(id, clock: 150)) == .taken)
    let job = try #require(cluster.state.jobs[id])
    #expect(job.phase == .cancelled && job.ended == Instant(microseconds: 150))
    try cluster.expectNoEffect(.cancel(id, clock: 160))
    try cluster.expectNoEffect(.begin(id, attempt: 1, Coordinated.plan(), clock: 170))
    try cluster.expectNoEffect(.fail(id, attempt: 1, Samples.failure(), clock: 170))
    #expect(throws: Refusal("there is no job j-7")) {
      try cluster.apply(.cancel(JobID(7), clock: 200))
    }
  }

  @Test("A job is begun by its next attempt alone, and its stages count from none")
  func begin() throws {
    var cluster = Coordinated()
    let id = try cluster.submit()
    let plan = Coordinated.plan(stages: 2)
    for attempt in [0, 2] {
      try cluster.expectNoEffect(.begin(id, attempt: attempt, plan, clock: 110))
    }
    try cluster.apply(.begin(id, attempt: 1, plan, clock: 110))
    #expect(cluster.state.jobs[id]?.phase == .running)
    #expect(cluster.state.jobs[id]?.plan == plan)
    try cluster.expectNoEffect(.begin(id, attempt: 1, plan, clock: 120))
    try cluster.stage(id, 0, step: 1)
    try cluster.apply(.begin(id, attempt: 2, plan, clock: 130))
    let job = try #require(cluster.state.jobs[id])
    #expect(job.attempt == 2 && job.stages.isEmpty)
    #expect(job.begun == Instant(microseconds: 110))
    try cluster.expectNoEffect(.begin(JobID(9), attempt: 1, plan, clock: 140))
  }

  @Test("A stage is taken once, in its turn, of the attempt that runs")
  func stages() throws {
    var cluster = Coordinated()
    let id = try cluster.submit()
    try cluster.expectNoEffect(cluster.stageCommand(id, 0, step: 1))
    try cluster.apply(.begin(id, attempt: 1, Coordinated.plan(stages: 2), clock: 110))
    try cluster.expectNoEffect(cluster.stageCommand(id, 1, step: 1))
    try cluster.expectNoEffect(cluster.stageCommand(id, 0, step: 1, attempt: 2))
    try cluster.stage(id, 0, step: 1)
    #expect(cluster.state.jobs[id]?.phase == .running)
    #expect(cluster.state.liveSteps == [LiveStep(step: StepID(1), partitions: 2)])
    try cluster.expectNoEffect(cluster.stageCommand(id, 0, step: 5))
    try cluster.stage(id, 1, step: 2)
    #expect(cluster.state.jobs[id]?.phase == .committed)
    try cluster.expectNoEffect(cluster.stageCommand(id, 1, step: 2))
    try cluster.expectNoEffect(cluster.stageCommand(id, 2, step: 3))
    // The first stage made no result: its runs are not needed any more.
    #expect(cluster.state.liveSteps.map(\.step) == [StepID(2)])
  }

  @Test("A job fails by the attempt that runs or a later one, and stays failed")
  func fail() throws {
    var cluster = Coordinated()
    let id = try cluster.submit()
    try cluster.apply(.begin(id, attempt: 1, Coordinated.plan(), clock: 110))
    try cluster.apply(.begin(id, attempt: 2, Coordinated.plan(), clock: 110))
    try cluster.expectNoEffect(.fail(id, attempt: 1, Samples.failure("old"), clock: 120))
    try cluster.apply(.fail(id, attempt: 3, Samples.failure("new"), clock: 120))
    let job = try #require(cluster.state.jobs[id])
    #expect(job.phase == .failed && job.failure?.message == "new")
    try cluster.expectNoEffect(.fail(id, attempt: 3, Samples.failure("more"), clock: 130))
    try cluster.expectNoEffect(.cancel(id, clock: 130))
    try cluster.expectNoEffect(cluster.stageCommand(id, 0, step: 1, attempt: 2))
    #expect(cluster.state.results.list("").isEmpty)
  }

  @Test("All results of a job appear in one change, with one instant")
  func together() throws {
    var cluster = Coordinated()
    let names = ["sums", "first"]
    let id = try cluster.submit()
    try cluster.apply(
      .begin(id, attempt: 1, Coordinated.plan(stages: 2, outputs: names), clock: 110))
    try cluster.stage(id, 0, step: 1)
    #expect(cluster.state.results.list("").isEmpty)
    try cluster.stage(id, 1, step: 2, clock: 500)
    let versions = cluster.state.results.list("")
    #expect(versions.map(\.name) == ["first", "sums"])
    #expect(versions.allSatisfy { $0.instant == Instant(microseconds: 500) && $0.job == id })
    #expect(versions.allSatisfy { $0.step == StepID(2) && $0.version == 1 })
    // Both are of one step, whose runs are needed once.
    #expect(cluster.state.liveSteps.map(\.step) == [StepID(2)])
    let made = cluster.state.jobs[id]?.results
    #expect(made == names.map { MadeResult(name: $0, version: 1) })
    #expect(cluster.state.jobs[id]?.ended == Instant(microseconds: 500))
  }

  @Test("What is lost marks versions, and begins running jobs that go on from there anew")
  func lost() throws {
    var cluster = Coordinated()
    try cluster.commit("a", step: 1)
    try cluster.commit("b", step: 2)
    let running = try cluster.submit()
    try cluster.apply(.begin(running, attempt: 1, Coordinated.plan(stages: 2), clock: 110))
    try cluster.stage(running, 0, step: 3)
    let other = try cluster.submit()
    try cluster.apply(.begin(other, attempt: 1, Coordinated.plan(stages: 2), clock: 110))
    try cluster.stage(other, 0, step: 4)
    let runs = [ShardRuns(step: StepID(2), shard: 1), ShardRuns(step: StepID(3), shard: 0)]
    try cluster.apply(.lost(runs, clock: 120))
    #expect(cluster.state.results.list("").map(\.lostShards) == [[], [1]])
    // Nobody needs what is left of a version that is lost.
    #expect(cluster.state.liveSteps.map(\.step.number) == [1, 4])
    let again = try #require(cluster.state.jobs[running])
    #expect(again.phase == .queued && again.stages.isEmpty && again.attempt == 1)
    #expect(cluster.state.jobs[other]?.phase == .running)
    #expect(cluster.state.jobs[other]?.stages.count == 1)
    // Said twice, it is lost once.
    try cluster.apply(.lost(runs, clock: 130))
    #expect(cluster.state.results.list("b").map(\.lostShards) == [[1]])
    try cluster.apply(.begin(running, attempt: 2, Coordinated.plan(stages: 2), clock: 140))
    #expect(cluster.state.jobs[running]?.phase == .running)
  }

  @Test("Who asks for a job that has not changed waits, and hears of its next change")
  func waits() throws {
    var cluster = Coordinated()
    let id = try cluster.submit()
    guard case .job(let job)? = try cluster.ask(.job(id, since: 0)) else {
      Issue.record("the job is known")
      return
    }
    #expect(try cluster.ask(.job(id, since: job.revision)) == nil)
    _ = try cluster.submit()
    #expect(try cluster.ask(.job(id, since: job.revision)) == nil)
    try cluster.apply(.cancel(id, clock: 200))
    #expect(try cluster.ask(.job(id, since: job.revision)) != nil)
    #expect(throws: Refusal("there is no job j-9")) { try cluster.ask(.job(JobID(9), since: 0)) }
  }

  @Test("Jobs are listed newest first, page by page, by their phases")
  func pages() throws {
    var cluster = Coordinated()
    for _ in 0..<5 { _ = try cluster.submit() }
    try cluster.apply(.cancel(JobID(3), clock: 200))
    func page(
      _ phases: [JobPhase], before: UInt64?, limit: Int
    ) throws -> (numbers: [UInt64], hasMore: Bool) {
      let before = before.map { JobID($0) }
      let answer = try cluster.ask(.jobs(phases: phases, before: before, limit: limit))
      guard case .jobs(let jobs, let hasMore)? = answer else { return ([], true) }
      return (jobs.map(\.id.number), hasMore)
    }
    #expect(try page([], before: nil, limit: 2) == ([5, 4], true))
    #expect(try page([], before: 4, limit: 3) == ([3, 2, 1], false))
    #expect(try page([.queued], before: 4, limit: 2) == ([2, 1], false))
    #expect(try page([.cancelled, .failed], before: nil, limit: 9) == ([3], false))
  }

  @Test("Jobs that are over are forgotten, the oldest first, and those that are not never")
  func forget() throws {
    var cluster = Coordinated()
    let open = try cluster.submit()
    for _ in 0...JobBook.overMaximum {
      let id = try cluster.submit()
      try cluster.apply(.cancel(id, clock: 200))
    }
    #expect(cluster.state.jobs[open]?.phase == .queued)
    #expect(cluster.state.jobs.jobs.count == JobBook.overMaximum + 1)
    #expect(throws: Refusal("j-2 was over long ago, and is forgotten")) {
      try cluster.ask(.job(JobID(2), since: 0))
    }
    #expect(try cluster.ask(.job(JobID(3), since: 0)) != nil)
  }
}
