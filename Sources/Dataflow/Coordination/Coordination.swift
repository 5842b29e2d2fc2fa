// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
package import Replication
package import Vocabulary

/// What the coordinators know together: the catalogue, jobs, and the versions of results. A result
/// is visible from the moment that this state names it, and to all at once.
package struct Coordination: StateMachine, Equatable {
  package private(set) var catalogue = Catalogue()
  package private(set) var jobs = JobBook()
  package private(set) var results = ResultBook()
  /// The instant of the last event.
  package private(set) var instant = Instant(microseconds: 0)
  /// Changes of jobs so far.
  package private(set) var revision: UInt64 = 0

  package init() {}

  package mutating func apply(
    _ command: Bytes, at version: Version
  ) throws(Refusal) -> [UInt8] {
    guard command.count > 0, command[0] >= JobCommand.firstKind else {
      return try catalogue.apply(command, at: version)
    }
    guard let command = try? JobCommand.read(command) else {
      throw Refusal("what was sent is no command that coordinators know")
    }
    return try apply(command).encoded
  }

  private mutating func apply(_ command: JobCommand) throws(Refusal) -> JobAnswer {
    switch command {
    case .submit(let spec, let clock):
      try check(spec)
      let now = tick(clock)
      revision += 1
      let revision = revision
      return .submitted(
        try jobs.submit { JobRecord(id: $0, spec: spec, submitted: now, revision: revision) })
    case .cancel(let id, let clock):
      let job = try jobs.find(id)
      if !job.phase.isOver { end(job, .cancelled, tick(clock)) }
    case .begin(let id, let attempt, let plan, let clock):
      guard var job = jobs[id], !job.phase.isOver, attempt == job.attempt + 1 else { break }
      let now = tick(clock)
      job.phase = .running
      job.attempt = attempt
      job.plan = plan
      job.stages = []
      job.begun = job.begun ?? now
      job.failure = job.choose(plan, from: results)
      if job.failure == nil { change(job) } else { end(job, .failed, now) }
    case .stage(let id, let attempt, let stage, let record, let retention, let clock):
      // Said again, or of an attempt that was given up: it has no effect.
      // guard: commit.current, commit.once, commit.last
      guard let job = current(id, attempt), stage.index == job.stages.count else { break }
      complete(job, record, retention, clock)
    case .fail(let id, let attempt, let failure, let clock):
      // It may fail before it has begun. (guard: giveUp.open)
      guard var job = jobs[id], !job.phase.isOver, attempt >= job.attempt else { break }
      job.failure = failure
      end(job, .failed, tick(clock))
    case .lost(let runs, _): for runs in runs { lose(runs) }
    }
    return .taken
  }

  private func check(_ spec: JobSpec) throws(Refusal) {
    guard spec.name.utf8.count <= Limits.nameBytes, !spec.name.isEmpty else {
      throw Refusal("a job's name has 1 to \(Limits.nameBytes) bytes")
    }
  }

  /// The next instant, where a clock shows `microseconds`.
  private mutating func tick(_ microseconds: UInt64) -> Instant {
    instant = instant.next(microseconds)
    return instant
  }

  private func current(_ id: JobID, _ attempt: Int) -> JobRecord? {
    guard let job = jobs[id], job.phase == .running, job.attempt == attempt else { return nil }
    return job
  }

  private mutating func change(_ job: JobRecord) {
    var job = job
    revision += 1
    job.revision = revision
    jobs.replace(job)
  }

  private mutating func end(_ job: JobRecord, _ phase: JobPhase, _ now: Instant) {
    var job = job
    job.phase = phase
    job.ended = now
    change(job)
  }

  /// A stage is complete. With the last one all results of the job become visible, in this one
  /// change of the state. (guard: show.together)
  private mutating func complete(
    _ job: JobRecord, _ record: StageRecord, _ retention: Retention, _ clock: UInt64
  ) {
    guard let plan = job.plan else { return }
    var job = job
    job.stages.append(plan.stages[job.stages.count].isAligned ? record.reading(job, plan) : record)
    let changes = { [stages = job.stages] in stages[$0].counter(plan.counters.count) }
    if let failure = plan.unsettled(job.stages.count - 1, changes: changes(job.stages.count - 1)) {
      job.failure = failure
      return end(job, .failed, tick(clock))
    }
    job.skip(plan)
    guard job.stages.count == plan.stages.count else { return change(job) }
    let now = tick(clock)
    for output in plan.outputs {
      let stage = plan.stages[output.stage.index]
      let made = job.stages[output.stage.index]
      let version = results.add(output.name, retention: retention) { version in
        ResultVersion(
          name: output.name, version: version, instant: now, job: job.id, step: made.step,
          schema: stage.schema, isHashed: stage.isHashed, runs: made.runs)
      }
      job.results.append(MadeResult(name: output.name, version: version))
    }
    end(job, .committed, now)
  }

  /// Versions that lay there are lost. Running jobs that go on from there begin anew.
  private mutating func lose(_ runs: ShardRuns) {
    results.lose(runs)
    revision += 1
    for known in jobs.jobs where !known.phase.isOver {
      var job = known
      if job.lose(runs) {
        job.stages = []
        job.phase = .queued
      }
      if job != known { change(job) }
    }
  }

  package func answer(_ question: Bytes) throws(Refusal) -> [UInt8]? {
    guard question.count > 0, question[0] >= JobQuestion.firstKind else {
      return try catalogue.answer(question)
    }
    guard let question = try? JobQuestion.read(question) else {
      throw Refusal("what was sent is no question that coordinators know")
    }
    return try answer(question)?.encoded
  }

  private func answer(_ question: JobQuestion) throws(Refusal) -> JobAnswer? {
    switch question {
    case .job(let id, let since):
      let job = try jobs.find(id)
      return job.revision > since ? .job(job) : nil
    case .ended(let id):
      let job = try jobs.find(id)
      return job.phase.isOver ? .job(job) : nil
    case .jobs(let phases, let before, let limit):
      let found = jobs.jobs.reversed().lazy.filter { job in
        (before.map { job.id < $0 } ?? true) && (phases.isEmpty || phases.contains(job.phase))
      }
      let page = Array(found.prefix(limit + 1))
      return .jobs(Array(page.prefix(limit)), hasMore: page.count > limit)
    case .results(let prefix): return .versions(results.list(prefix))
    case .log(let name): return .versions(try results.log(name))
    case .find(let name, let selector): return .versions([try results.find(name, selector)])
    }
  }

  /// The steps whose runs are needed, in ascending order: those of readable versions, those that
  /// running jobs go on from, and those of versions that jobs read.
  package var liveSteps: [LiveStep] {
    let running = jobs.jobs.filter { $0.phase == .running }.flatMap { job in
      let wanted = job.plan?.wanted(from: job.stages.count) ?? []
      return job.stages.indices.filter { wanted.contains($0) }.map { place in
        LiveStep(step: job.stages[place].step, partitions: job.stages[place].runs.count)
      }
    }
    let read = jobs.jobs.flatMap(\.readSteps)
    let all = (results.steps + running + read).sorted { $0.step < $1.step }
    // Several results can be of one step.
    return all.reduce(into: []) { steps, next in
      if steps.last?.step != next.step { steps.append(next) }
    }
  }

  package func write(into out: inout ByteBuffer) {
    catalogue.write(into: &out)
    jobs.write(into: &out)
    results.write(into: &out)
    out.append(instant)
    out.appendVarint(revision)
  }

  package init(reading reader: inout ByteReader) throws(ByteReader.Damaged) {
    catalogue = try Catalogue(reading: &reader)
    jobs = try JobBook(reading: &reader)
    results = try ResultBook(reading: &reader)
    instant = try reader.instant()
    revision = try reader.varint()
  }
}
