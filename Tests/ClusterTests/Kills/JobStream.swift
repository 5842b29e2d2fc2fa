// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Foundation
import Runtime
import Synchronization
import Vocabulary

/// Clients that submit one job after the other, each at any node, and wait for its end. What they
/// were told is compared with what the nodes have in the end.
final class JobStream: Sendable {
  struct Told: Sendable {
    /// Jobs that were acknowledged, and what was asked for.
    var submitted: [JobID: KnownJobs.Known] = [:]
    /// The last that was heard of them.
    var ended: [JobID: JobRecord] = [:]
    /// Jobs that were submitted and have not ended.
    var open: [JobID] = []
    /// How long jobs took that nobody disturbed, in nanoseconds.
    var longest: UInt64 = 0
    /// Executors that were killed so far.
    var executorsKilled = 0
    var failures: [String] = []
  }

  let known: KnownJobs
  private let told = Mutex(Told())
  private let isOver = Atomic<Bool>(false)
  private let group = DispatchGroup()
  /// No outage that a majority survives takes as long.
  static let patienceMilliseconds = 60_000

  init(clients: Int, _ known: KnownJobs, sockets: [String], seed: UInt64) {
    self.known = known
    for client in 0..<clients {
      group.enter()
      Thread.detachNewThread { [self, group] in
        defer { group.leave() }
        work(client, sockets, seed)
      }
    }
  }

  var heard: Told { told.withLock { $0 } }

  private func work(_ number: Int, _ sockets: [String], _ seed: UInt64) {
    var turn = Int(seed % 7) + number
    do {
      while !isOver.load(ordering: .relaxed) {
        // Another client for each job: a client that has begun at another node, with a session of
        // its own.
        let client = RetryingClient(sockets, first: turn)
        try submit(known.all[turn % known.all.count], client)
        turn += 3
      }
    } catch {
      told.withLock { $0.failures.append("client \(number): \(error)") }
    }
  }

  private func submit(_ known: KnownJobs.Known, _ client: RetryingClient) throws {
    let killed = heard.executorsKilled
    let id = try client.submit(
      self.known.spec(known), self.known.executable, milliseconds: Self.patienceMilliseconds)
    let began = ContinuousClock.now
    told.withLock { told in
      if told.submitted[id] != nil { told.failures.append("\(id) was given to two submissions") }
      told.submitted[id] = known
      told.open.append(id)
    }
    let deadline = began + .milliseconds(2 * Self.patienceMilliseconds)
    while true {
      let job = try client.job(id, milliseconds: Self.patienceMilliseconds)
      if job.phase.isOver { return end(job, known, began.duration(to: .now), killed) }
      guard ContinuousClock.now < deadline else {
        throw Waiting.Failure("\(id) does not end: it is \(job.phase) in attempt \(job.attempt)")
      }
      usleep(5_000)
    }
  }

  /// A job has ended: as it should?
  private func end(
    _ job: JobRecord, _ known: KnownJobs.Known, _ took: Duration, _ killedBefore: Int
  ) {
    told.withLock { told in
      told.open.removeAll { $0 == job.id }
      told.ended[job.id] = job
      told.longest = max(told.longest, UInt64(took / .nanoseconds(1)))
      guard job.phase == .committed else {
        if !Self.isExcusable(job, killed: told.executorsKilled - killedBefore) {
          told.failures.append(
            "\(job.id) (\(known.job)) is \(job.phase): \(job.failure?.message ?? "no reason")")
        }
        return
      }
      let names = job.results.map(\.name).sorted()
      if names != known.outputs { told.failures.append("\(job.id) has the results \(names)") }
      for counter in job.counters where known.counters[counter.name] != counter.value {
        told.failures.append(
          "\(job.id) counted \(counter.value) \(counter.name), not "
            + "\(known.counters[counter.name] ?? 0)")
      }
    }
  }

  /// Two executors that are killed over the same thing take their job with them; one does not. An
  /// executable that only a node had that died is gone: the client is told to submit again.
  static func isExcusable(_ job: JobRecord, killed: Int) -> Bool {
    guard let failure = job.failure else { return false }
    return failure.exitCode == 75 && failure.message.hasPrefix("no node has the job's executable")
      || failure.message.hasPrefix("the executor was killed") && killed >= 2
  }

  /// An executor is killed: told before it is.
  func noteExecutor() { told.withLock { $0.executorsKilled += 1 } }

  /// Waits until a job is under way, and `more` jobs have ended since.
  func goOn(_ more: Int = 0) async throws {
    let before = heard.ended.count
    try await Waiting.until("jobs go on", patience: .seconds(120)) { [self] in
      let heard = heard
      if let failure = heard.failures.first { throw Waiting.Failure(failure) }
      return heard.ended.count >= before + more && !heard.open.isEmpty ? () : nil
    }
  }

  /// Lets the jobs that are under way end, and submits no more.
  func finish() async throws {
    isOver.store(true, ordering: .relaxed)
    try await Waiting.until("all jobs end", patience: .seconds(180)) { [group] in
      group.wait(timeout: .now()) == .success ? () : nil
    }
  }
}
