// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Membership
import Memory
import Replication
import Vocabulary

/// Somebody who submits a job, at any node, and asks until it is over.
struct SimulatedSubmitter {
  let job: SimulatedJob
  let session: NodeID
  /// Whether it changes its mind while the job is under way.
  let cancels: Bool
  var hasCancelled = false
  var id: JobID?
  /// The job's last state that it was told.
  var seen: JobRecord?
  var request: UInt64?
  var isDone = false
  /// Counts what it planned: it asks once at a time.
  var plan = 0

  /// What it asks for next, as a submission.
  mutating func submission(_ code: CodeDigest, clock: UInt64) -> [UInt8] {
    var content = ByteBuffer()
    var out = ByteBuffer()
    guard let id else {
      JobCommand.submit(job.spec(code), clock: clock).write(into: &content)
      let command = CommandID(session: session, number: 1, acknowledged: 0)
      Submission.command(command, content.bytes).write(into: &out)
      return Array(out.bytes)
    }
    if cancels, seen != nil, !hasCancelled {
      JobCommand.cancel(id, clock: clock).write(into: &content)
      let command = CommandID(session: session, number: 2, acknowledged: 1)
      Submission.command(command, content.bytes).write(into: &out)
    } else {
      JobQuestion.job(id, since: 0).write(into: &content)
      Submission.question(content.bytes).write(into: &out)
    }
    return Array(out.bytes)
  }
}

extension ClusterRun {
  static var code: CodeDigest {
    guard let digest = CodeDigest([UInt8](repeating: 7, count: CodeDigest.byteCount)) else {
      preconditionFailure("a digest has 32 bytes")
    }
    return digest
  }

  /// Microseconds since 1970, as a node's clock shows them.
  func clock(_ node: SimulatedNode) -> UInt64 { 1_700_000_000_000_000 + node.clock(time) / 1000 }

  func makeSubmitters() {
    guard scenario.shards > 0 else { return }
    for _ in 0..<scenario.jobs {
      let values = random.pick([0, 1, 5, 40])
      let fails = values > 0 && random.once(in: 6)
      let job = SimulatedJob(
        seed: random.next() >> 8, values: values, stages: random.number(in: 1...6),
        failsAt: fails ? random.below(values) : nil)
      let session = NodeID(high: random.next(), low: random.next())
      submitters.append(
        SimulatedSubmitter(job: job, session: session, cancels: random.once(in: 6)))
      plan(submitters.count - 1, in: UInt64(random.below(60_000_000)))
    }
  }

  /// A submitter asks in so many nanoseconds.
  private func plan(_ index: Int, in delay: UInt64) {
    submitters[index].plan += 1
    events.add(.submitter(index, plan: submitters[index].plan), at: time + delay)
  }

  /// A submitter asks some node.
  func submitJob(_ index: Int) {
    // Where too few nodes are left for jobs, nobody asks for ever.
    guard !submitters[index].isDone, !isHopelessForJobs else { return }
    let alive = nodes.indices.filter { nodes[$0].isAlive }
    requests += 1
    submitters[index].request = requests
    let patience = UInt64(5_000_000 + random.below(60_000_000))
    plan(index, in: patience)
    guard !alive.isEmpty else { return }
    jobAskers[requests] = index
    let node = random.pick(alive)
    unanswered.append((requests, node))
    let submission = submitters[index].submission(Self.code, clock: clock(nodes[node]))
    // The executable goes before the job.
    if submitters[index].id == nil {
      nodes[node].codes.insert(Self.code)
      nodes[node].put(.jobs(.hasCode(Self.code, isNew: true)))
    }
    nodes[node].put(.request(requests, .submit(submission)))
  }

  /// A node answers a submitter.
  func answerJob(_ number: UInt64, _ reply: Reply, _ index: Int) {
    guard submitters[index].request == number else { return }
    submitters[index].request = nil
    guard case .outcome(let outcome) = reply else { return }
    guard case .done(let bytes) = outcome,
      let answer = try? bytes.withBytes({ try JobAnswer.read($0) })
    else { return agreement.fail("submitter \(index) was answered \(outcome)") }
    switch answer {
    case .submitted(let id): submitters[index].id = id
    case .taken: submitters[index].hasCancelled = true
    case .job(let job):
      if let seen = submitters[index].seen, seen.phase.isOver, seen != job {
        agreement.fail("\(job.id) was \(seen.phase), and is \(job.phase)")
      }
      submitters[index].seen = job
      submitters[index].isDone = job.phase.isOver
      for result in job.results { reading.raise(result.name, result.version) }
    case .jobs, .versions: agreement.fail("submitter \(index) was answered something else")
    }
    plan(index, in: UInt64(500_000 + random.below(8_000_000)))
  }

  /// Does what a node's workshop wants done.
  func carryOut(_ effect: WorkshopEffect, of node: SimulatedNode) {
    guard let own = index(of: node.record.id) else { return }
    switch effect {
    case .start(let slot, let task):
      if !node.codes.contains(task.job.code) {
        agreement.fail("\(node.record.name) starts a task without its executable")
      }
      noteStart(task, slot: slot, of: node)
      var due = time
      let life = node.executors.lives[slot]
      for report in node.executors.run(task, slot: slot) {
        due += UInt64(random.pick([5_000, 20_000, 100_000, 1_000_000]) + random.below(50_000))
        events.add(
          .told(by: own, slot: slot, life: life, number: task.number, report), at: due)
      }
    case .forget(let step): node.executors.forget(step)
    case .readCode(let code):
      let input = WorkshopInput.codePiece(code, size: 3, offset: 0, [1, 2, 3])
      events.add(.input(to: own, .jobs(input)), at: time + 100_000)
    case .keepCode(let code, let size, let offset, let bytes):
      guard offset + bytes.count == size else { return }
      node.codes.insert(code)
      events.add(.input(to: own, .jobs(.hasCode(code, isNew: false))), at: time + 100_000)
    case .cancel, .note: break
    }
  }

  /// An executor tells of its task, where it has not died since.
  func report(
    _ index: Int, _ slot: Int, _ life: Int, _ number: UInt64, _ report: TaskReport
  ) {
    guard nodes[index].isAlive, nodes[index].executors.lives[slot] == life else { return }
    noteReport(report, slot: slot, of: nodes[index])
    nodes[index].put(.jobs(.report(slot: slot, number: number, report)))
  }

  /// The executor of a slot dies.
  func killExecutor(_ node: SimulatedNode, _ slot: Int) {
    node.executors.kill(slot)
    let failure = JobFailure(
      exitCode: 1, code: "failed", message: "the executor was killed (\(names))")
    names += 1
    node.put(.jobs(.died(slot: slot, Self.code, failure)))
  }

  // MARK: The end

  /// Holds the coordinators' state, and what nodes hold, against what each job has to come to.
  func checkJobs() {
    guard let node = nodes.first(where: { $0.isAlive && $0.node.coordination != nil }),
      let coordination = node.node.coordination
    else { return }
    for submitter in submitters {
      guard let id = submitter.id, let job = coordination.jobs[id] else { continue }
      check(job, submitter, coordination)
    }
    let names = coordination.results.list("")
    for name in names {
      let log = (try? coordination.results.log(name.name)) ?? []
      for (newer, older) in zip(log, log.dropFirst()) where newer.instant <= older.instant {
        agreement.fail("\(newer.name): version \(newer.version) is not later than the one before")
      }
      for version in log where !version.isLost { check(version) }
    }
  }

  private func check(
    _ job: JobRecord, _ submitter: SimulatedSubmitter, _ coordination: Coordination
  ) {
    guard job.phase == .committed else {
      if job.phase == .failed, submitter.job.failsAt == nil, !isExcusable(job) {
        agreement.fail("\(job.id) failed: \(job.failure?.message ?? "without a reason")")
      }
      let made = submitter.job.outputs.flatMap { name in
        (try? coordination.results.log(name))?.filter { $0.job == job.id } ?? []
      }
      if !made.isEmpty {
        agreement.fail("\(job.id) is \(job.phase), and a result of it is visible")
      }
      return
    }
    if submitter.job.failsAt != nil {
      return agreement.fail("\(job.id) is committed though a closure throws")
    }
    guard let reference = reference(job.id) else {
      return agreement.fail("nobody knows what \(job.id) has read")
    }
    checkReads(job, submitter, coordination)
    for (stage, record) in job.stages.enumerated() where record.runs != reference.stages[stage] {
      agreement.fail("\(job.id): stage \(stage) has another result than it has to have")
    }
    let counted = job.counters.reduce(0) { $0 + $1.value }
    if counted != reference.counted {
      agreement.fail("\(job.id) counted \(counted) of \(reference.counted)")
    }
    let instants = submitter.job.outputs.compactMap { name in
      (try? coordination.results.log(name))?.first { $0.job == job.id }?.instant
    }
    if Set(instants).count > 1 { agreement.fail("\(job.id): one result came before another") }
  }

  /// A job has read the version that was the newest when it began.
  private func checkReads(
    _ job: JobRecord, _ submitter: SimulatedSubmitter, _ coordination: Coordination
  ) {
    guard let input = submitter.job.reads else { return }
    guard let read = job.version(of: input), let begun = job.begun, read.instant < begun else {
      return agreement.fail("\(job.id) has read nothing that there was when it began")
    }
    let later = (try? coordination.results.log(input.name)) ?? []
    if later.contains(where: { $0.version > read.version && $0.instant < begun }) {
      agreement.fail("\(job.id) has read \(read.text), and there was a newer one when it began")
    }
  }

  /// Executors that are killed again and again take their job with them; so do nodes that die
  /// before they have passed an executable on. What a job reads may not be there.
  private func isExcusable(_ job: JobRecord) -> Bool {
    let message = job.failure?.message ?? ""
    if let input = SimulatedJob(job.spec).reads {
      let isLost = message.hasPrefix("\(input.name)@") && message.contains(" is lost: no replica")
      if isLost || message == "there is no result called \(input.name)" { return true }
    }
    return message.hasPrefix("the executor was killed")
      || message.hasPrefix("no node has the job's executable")
  }

  /// A version is whole at every replica of its shards, byte for byte.
  private func check(_ version: ResultVersion) {
    for node in nodes where node.isAlive && !isStray(node) {
      guard let workshop = node.node.workshop, let view = workshop.view else { continue }
      for shard in view.shards(of: node.record.id) {
        for partition in view.map.partitions(of: shard, count: version.runs.count) {
          guard let run = workshop.shelf.run(version.step, partition) else {
            agreement.fail("\(node.record.name) lacks a run of \(version.name)@\(version.version)")
            return
          }
          var digest = Checksum()
          for block in run.blocks { digest.update(block.bytes) }
          let value = run.tally.records == 0 ? 0 : digest.value
          if value != version.runs[partition].digest {
            agreement.fail("\(node.record.name) has another \(version.name)@\(version.version)")
          }
        }
      }
    }
  }

  /// Whether every replica has all runs that it is to have: those that somebody has.
  var runsArePlaced: Bool {
    let alive = nodes.filter { $0.isAlive && !isStray($0) }
    guard let coordination = alive.lazy.compactMap({ $0.node.coordination }).first else {
      return false
    }
    let versions = coordination.results.list("").flatMap { newest in
      (try? coordination.results.log(newest.name)) ?? []
    }
    return alive.allSatisfy { node in
      guard let workshop = node.node.workshop, let view = workshop.view else { return true }
      return view.shards(of: node.record.id).allSatisfy { shard in
        versions.allSatisfy { version in
          version.isLost
            || workshop.shelf.holds(
              ShardRuns(step: version.step, shard: shard), view.map, partitions: version.runs.count)
        }
      }
    }
  }

  /// What jobs wait for that are not over.
  var waitingJobs: String {
    submitters.filter { !$0.isDone }.map { submitter in
      let told = nodes.lazy.filter(\.isAlive).compactMap { node in
        submitter.id.flatMap { node.node.waits($0) }
      }.first
      let known =
        nodes.lazy.filter(\.isAlive).compactMap { node in
          submitter.id.flatMap { node.node.coordination?.jobs[$0] }
        }.first.map { "\($0.phase) \($0.attempt) with \($0.stages.count) stages, " } ?? ""
      return "\(submitter.id.map { "\($0)" } ?? "a job"): \(known)\(told ?? "nobody schedules"); "
    }.joined()
      + nodes.filter(\.isAlive).map { node in
        "\(node.record.name): \(node.node.workshop?.text.joined(separator: "; ") ?? ""); "
      }.joined()
  }

  /// Whether all jobs are over, or wait because too few nodes are left for them.
  var jobsAreOver: Bool {
    submitters.allSatisfy(\.isDone) || agreement.newest?.inadequacy != nil
  }
}
