// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import Dataflow

/// Results of earlier jobs as the input of a job: which version it reads, and for how long.
@Suite struct ReadResultTests {
  private static func input(
    _ name: String = "a", _ asOf: VersionSelector = .latest, value: TypeCode = .double
  ) -> ResultInput {
    ResultInput(name: name, asOf: asOf, elements: .pairs(key: .bytes, value: value))
  }

  private func begin(
    _ cluster: inout Coordinated, _ reads: [ResultInput], stages: Int = 1, attempt: Int = 1,
    job: JobID? = nil, output: String = "result"
  ) throws -> JobID {
    let id = try job ?? cluster.submit()
    let plan = Coordinated.plan(stages: stages, outputs: [output], reads: reads)
    try cluster.apply(.begin(id, attempt: attempt, plan, clock: 1000))
    return id
  }

  private func read(_ cluster: Coordinated, _ id: JobID) -> [String] {
    cluster.state.jobs[id]?.reads.map(\.version.text) ?? []
  }

  private func live(_ cluster: Coordinated) -> [UInt64] {
    cluster.state.liveSteps.map(\.step.number)
  }

  @Test("The version is chosen when the job begins, by number, instant, or as the newest")
  func choice() throws {
    var cluster = Coordinated()
    for step in 1...4 as ClosedRange<UInt64> {
      try cluster.commit("a", step: step, clock: 100 * step)
    }
    try cluster.commit("b", step: 5, clock: 500)
    let inputs = [
      Self.input(), Self.input("a", .version(2)), Self.input("a", .asOf(350)), Self.input("b"),
      Self.input(),
    ]
    let id = try begin(&cluster, inputs)
    #expect(read(cluster, id) == ["a@4", "a@2", "a@3", "b@1"])
    try cluster.commit("a", step: 6, clock: 600)
    let job = try #require(cluster.state.jobs[id])
    #expect(inputs.map { job.version(of: $0)?.step.number } == [4, 2, 3, 5, 4])
    #expect(job.phase == .running)
  }

  @Test("What a job reads is kept until it is over, whatever retention lets go")
  func kept() throws {
    enum End: CaseIterable { case committed, failed, cancelled }
    for end in End.allCases {
      var cluster = Coordinated()
      let one = Retention(versions: 1)
      try cluster.commit("a", step: 1, retention: one)
      let id = try begin(&cluster, [Self.input()], stages: 2)
      try cluster.commit("a", step: 2, retention: one)
      try cluster.commit("a", step: 3, retention: one)
      #expect(try cluster.state.results.log("a").map(\.version) == [3])
      #expect(live(cluster) == [1, 3])
      try cluster.stage(id, 0, step: 4)
      // It may have to begin anew, and then reads it again.
      #expect(live(cluster) == [1, 3, 4])
      switch end {
      case .committed:
        try cluster.stage(id, 1, step: 5)
        #expect(live(cluster) == [3, 5])
      case .failed:
        try cluster.apply(.fail(id, attempt: 1, Samples.failure(), clock: 2000))
        #expect(live(cluster) == [3])
      case .cancelled:
        try cluster.apply(.cancel(id, clock: 2000))
        #expect(live(cluster) == [3])
      }
      #expect(read(cluster, id) == ["a@1"])
    }
  }

  @Test("A job that is begun anew reads what it has read before")
  func again() throws {
    var cluster = Coordinated()
    try cluster.commit("a", step: 1, retention: Retention(versions: 1))
    let id = try begin(&cluster, [Self.input()], stages: 2)
    try cluster.stage(id, 0, step: 2)
    try cluster.commit("a", step: 3, retention: Retention(versions: 1))
    try cluster.apply(.lost([ShardRuns(step: StepID(2), shard: 0)], clock: 1100))
    #expect(cluster.state.jobs[id]?.phase == .queued)
    #expect(live(cluster) == [1, 3])
    _ = try begin(&cluster, [Self.input()], stages: 2, attempt: 2, job: id)
    #expect(read(cluster, id) == ["a@1"])
    #expect(cluster.state.jobs[id]?.phase == .running)
  }

  @Test("A job may write the result that it reads: it reads the version before")
  func itself() throws {
    var cluster = Coordinated()
    let one = Retention(versions: 1)
    try cluster.commit("a", step: 1, retention: one)
    for step in 2...4 as ClosedRange<UInt64> {
      let id = try begin(&cluster, [Self.input()], output: "a")
      #expect(read(cluster, id) == ["a@\(step - 1)"])
      try cluster.apply(cluster.stageCommand(id, 0, step: step, retention: one))
      #expect(live(cluster) == [step])
    }
  }

  @Test("What cannot be read fails the job, which says what and where")
  func refused() throws {
    var cluster = Coordinated()
    for step in 1...3 as ClosedRange<UInt64> {
      try cluster.commit("a", step: step, retention: Retention(versions: 2), clock: 100 * step)
    }
    let cases: [(ResultInput, code: Int32, message: String)] = [
      (Self.input("b"), 66, "there is no result called b"),
      (Self.input("a", .version(9)), 66, "a has no version 9 yet: there are versions 2 to 3"),
      (Self.input("a", .version(1)), 66, "version 1 of a has expired: there are versions 2 to 3"),
      (
        Self.input("a", .asOf(150)), 66,
        "a is not kept as of that instant: there are versions 2 to 3"
      ),
      (
        Self.input(value: .string), 65,
        "codec mismatch: result a@3 holds (bytes, double) pairs, "
          + "and is read as (bytes, string) pairs"
      ),
    ]
    for (input, code, message) in cases {
      // The one before it can be read.
      let id = try begin(&cluster, [Self.input("a", .version(2)), input])
      let job = try #require(cluster.state.jobs[id])
      #expect(job.phase == .failed && job.ended != nil)
      #expect(job.failure?.message == message && job.failure?.exitCode == code)
      #expect(job.failure?.location == "A.swift:3")
      #expect(job.failure?.advice != nil)
      try cluster.expectNoEffect(cluster.stageCommand(id, 0, step: 9))
    }
    #expect(live(cluster) == [2, 3])
  }

  @Test("Of text or bytes, either is read as the other; elements as they were written")
  func types() {
    func reads(_ elements: ResultInput.Elements, _ key: TypeCode, _ shape: ResultSchema.Shape)
      -> Bool
    {
      let schema = ResultSchema(
        key: key, value: .tuple([.bytes, .double]), shape: shape, order: .key)
      return ResultInput(name: "a", elements: elements).mismatch(schema, of: "a") == nil
    }
    let pair = TypeCode.tuple([.string, .double])
    #expect(reads(.pairs(key: .string, value: pair), .bytes, .pairs))
    #expect(!reads(.pairs(key: .string, value: pair), .bytes, .values))
    #expect(!reads(.pairs(key: .string, value: .double), .bytes, .pairs))
    #expect(reads(.keys(.bytes), .string, .keys) && !reads(.keys(.bytes), .string, .values))
    #expect(reads(.values(pair), .bytes, .values) && !reads(.values(pair), .bytes, .pairs))
    #expect(reads(.keysOrValues(pair), .bytes, .values))
    #expect(reads(.keysOrValues(pair), pair, .keys))
    #expect(!reads(.keysOrValues(pair), .bytes, .keys))
    #expect(!reads(.keysOrValues(pair), pair, .pairs))
  }

  @Test("A version that is lost fails the jobs that have still to read it, and no others")
  func lost() throws {
    var cluster = Coordinated()
    try cluster.commit("a", step: 1)
    let waiting = try begin(&cluster, [Self.input()], stages: 2)
    let beyond = try begin(&cluster, [Self.input()], stages: 2)
    try cluster.stage(beyond, 0, step: 2)
    let other = try begin(&cluster, [])
    let lost = JobCommand.lost([ShardRuns(step: StepID(1), shard: 1)], clock: 1100)
    try cluster.apply(lost)
    #expect(cluster.state.jobs[waiting]?.phase == .queued)
    #expect(cluster.state.jobs[beyond]?.phase == .running)
    #expect(cluster.state.jobs[other]?.phase == .running)
    // Nobody looks for what is gone.
    #expect(live(cluster) == [2])
    let before = cluster.state
    try cluster.apply(lost)
    #expect(cluster.state.jobs == before.jobs)
    _ = try begin(&cluster, [Self.input()], stages: 2, attempt: 2, job: waiting)
    let failure = try #require(cluster.state.jobs[waiting]?.failure)
    #expect(failure.message == "a@1 is lost: no replica of shards 1 is left")
    #expect(failure.exitCode == 66)
    let late = try begin(&cluster, [Self.input()])
    #expect(cluster.state.jobs[late]?.failure?.message == failure.message)
    try cluster.stage(beyond, 1, step: 3)
    #expect(cluster.state.jobs[beyond]?.phase == .committed)
  }
}
