// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Membership
import Memory
import Replication
import Vocabulary

extension ClusterRun {
  func makeReaders() {
    guard scenario.shards > 0, scenario.jobs > 0 else { return }
    for _ in 0..<scenario.readers {
      readers.append(SimulatedReader(left: random.number(in: 4...20)))
      planReader(readers.count - 1, in: UInt64(random.below(80_000_000)))
    }
  }

  private func planReader(_ index: Int, in delay: UInt64) {
    readers[index].plan += 1
    events.add(.reader(index, plan: readers[index].plan), at: time + delay)
  }

  /// A reader asks some node; where it still waits for an answer, it has waited long enough.
  func actReader(_ index: Int) {
    if readers[index].request != nil { readers[index].fail() }
    guard !isHopelessForJobs,
      let request = readers[index].next(&random, isHealing: isHealing)
    else { return }
    let patience = UInt64(5_000_000 + random.below(60_000_000))
    planReader(index, in: patience)
    let alive = nodes.indices.filter { nodes[$0].isAlive }
    guard !alive.isEmpty else { return }
    requests += 1
    readers[index].request = requests
    readers[index].floor = reading.floor
    readAskers[requests] = index
    let node = random.pick(alive)
    unanswered.append((requests, node))
    nodes[node].put(.request(requests, request))
  }

  /// A node answers a reader.
  func answerReader(_ number: UInt64, _ reply: Reply, _ index: Int) {
    guard readers[index].request == number else { return }
    readers[index].request = nil
    if readers[index].question != nil {
      take(reply, question: index)
    } else {
      take(reply, reading: index)
    }
    for violation in reading.violations { agreement.fail(violation) }
    let isBetween = readers[index].question == nil && readers[index].reading == nil
    let pause = isBetween ? random.pick([1_000_000, 10_000_000, 40_000_000]) : 500_000
    planReader(index, in: UInt64(100_000 + random.below(pause)))
  }

  private func take(_ reply: Reply, question index: Int) {
    guard case .outcome(let outcome) = reply, let question = readers[index].question else { return }
    readers[index].question = nil
    let floor = readers[index].floor
    var versions: [ResultVersion] = []
    switch outcome {
    case .done(let bytes):
      guard case .versions(let found)? = try? bytes.withBytes({ try JobAnswer.read($0) }) else {
        return agreement.fail("reader \(index) was answered something else")
      }
      versions = found
    case .refused: break
    case .waits: return agreement.fail("reader \(index) was told to wait")
    }
    for version in versions {
      guard let job = job(version.job) else {
        agreement.fail("\(version.name)@\(version.version) is of no job")
        continue
      }
      reading.see(version, of: job, reference(version.job), floor)
    }
    switch question {
    case .results: reading.list(versions, floor)
    case .log(let name): reading.log(name, versions, floor)
    case .find(let name, .latest): reading.newest(name, versions.first?.version ?? 0, floor)
    case .find(let name, .version(let number)):
      if versions.isEmpty {
        reading.miss(
          name, number, newest: newestVersion(of: name), kept: scenario.versions, floor)
      }
    default: break
    }
    goOn(index, versions)
  }

  /// A reader has seen versions: it reads one of them, or goes on with the one that it reads.
  private func goOn(_ index: Int, _ versions: [ResultVersion]) {
    let readable = versions.filter { !$0.isLost }
    if readers[index].reading != nil {
      // It had asked whether its version is still there.
      if readers[index].reading?.isRefused == true, let version = readable.first {
        agreement.fail(
          "\(version.name)@\(version.version) is there, and a node says that it is not")
      }
      readers[index].reading?.failures = 0
      if readable.isEmpty { readers[index].reading = nil }
    } else if !readable.isEmpty {
      readers[index].read(random.pick(readable), &random)
    }
  }

  private func take(_ reply: Reply, reading index: Int) {
    guard let current = readers[index].reading, let partition = current.partitions.last else {
      return
    }
    guard case .outcome(let outcome) = reply else { return readers[index].fail() }
    if case .refused = outcome {
      readers[index].reading?.isRefused = true
      return
    }
    guard case .done(let bytes) = outcome,
      let section = try? bytes.withBytes({ try RunSection($0) }), !section.bytes.isEmpty,
      section.offset == current.bytes.count
    else { return agreement.fail("reader \(index) was answered \(outcome) of a run") }
    let all = current.bytes + section.bytes
    readers[index].reading?.failures = 0
    guard all.count >= current.version.runs[partition].bytes else {
      readers[index].reading?.bytes = all
      return
    }
    reading.read(current.version, partition: partition, all)
    readers[index].reading?.bytes = []
    readers[index].reading?.partitions.removeLast()
    if current.partitions.count == 1 { readers[index].reading = nil }
  }

  private func job(_ id: JobID) -> SimulatedJob? {
    if let known = submitters.first(where: { $0.id == id }) { return known.job }
    return nodes.lazy.filter(\.isAlive).compactMap { $0.node.coordination?.jobs[id] }.first
      .map { SimulatedJob($0.spec) }
  }

  /// What a job has to come to, with what it has read; nil where nobody knows any more what that
  /// was.
  func reference(_ id: JobID) -> JobReference? {
    if let known = references[id] { return known }
    let known = nodes.lazy.filter(\.isAlive).compactMap { $0.node.coordination?.jobs[id] }
    guard let job = known.first(where: { $0.plan != nil }) else { return nil }
    var earlier: [(key: [UInt8], value: UInt64)] = []
    if let read = job.reads.first?.version {
      guard let made = reference(read.job),
        let stage = self.job(read.job)?.stage(of: read.name)
      else { return nil }
      earlier = made.records[stage]
    }
    let made = JobReference(SimulatedJob(job.spec), reading: earlier)
    references[id] = made
    return made
  }

  private func newestVersion(of name: String) -> UInt64 {
    let all = nodes.filter(\.isAlive).compactMap { node in
      node.node.coordination.flatMap { try? $0.results.find(name, .latest).version }
    }
    return all.max() ?? 0
  }

  /// Whether too few nodes are left for jobs, for ever.
  var isHopelessForJobs: Bool { isHealing && agreement.newest?.inadequacy != nil }

  /// Whether readers have seen enough, or can see nothing any more.
  var readersAreDone: Bool { readers.allSatisfy(\.isDone) || isHopelessForJobs }

  /// What readers wait for.
  var waitingReaders: String {
    readers.indices.filter { !readers[$0].isDone }.map { index in
      let reader = readers[index]
      let version = reader.reading.map { "\($0.version.name)@\($0.version.version)" }
      return "reader \(index) has \(reader.left) questions left and reads \(version ?? "nothing"); "
    }.joined()
  }

  /// Runs may be given up for lost only where no node has them that is in the newest view, and no
  /// result may be lost where each shard had a replica all the time.
  func checkLost(_ submission: [UInt8]) {
    let runs = submission.withBytes { bytes -> [ShardRuns] in
      guard case .command(_, let content)? = try? Submission.read(bytes),
        case .lost(let runs, _)? = try? JobCommand.read(content)
      else { return [] }
      return runs
    }
    for lost in runs where seenLost.insert(lost).inserted {
      for node in nodes where node.isAlive && !isStray(node) {
        guard let workshop = node.node.workshop, let map = workshop.view?.map,
          let partitions = partitions(of: lost.step), agreement.newest == node.node.view
        else { continue }
        if workshop.shelf.holds(lost, map, partitions: partitions) {
          agreement.fail(
            "step \(lost.step) is given up in shard \(lost.shard), and \(node.record.name) has it")
        }
      }
    }
  }

  private func partitions(of step: StepID) -> Int? {
    nodes.lazy.filter(\.isAlive).compactMap { $0.node.coordination }.compactMap { coordination in
      coordination.liveSteps.first { $0.step == step }?.partitions
    }.first
  }
}
