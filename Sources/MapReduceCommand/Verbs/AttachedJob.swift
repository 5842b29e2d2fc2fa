// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Fabrics
import Glibc
import MapReduce
import Memory
import Runtime
import Synchronization
import Vocabulary

/// A job that runs on a cluster while its client waits: submitted, followed, and its results
/// fetched. Cancelled where this process is interrupted.
final class AttachedJob: Sendable {
  private let sockets: [String]
  private let job: String
  private let arguments: [String]
  /// Whether the cluster, and with it what the job leaves there, ends with this run.
  private let isPrivate: Bool
  /// Of what it reads back.
  private let memory: MemoryBudget
  private let display: ProgressDisplay
  private let submitted = Mutex<JobID?>(nil)
  private let hasCancelled = Atomic<Bool>(false)

  private static let patienceMilliseconds = 10_000
  /// How long one question waits for a change before it is asked whether the node still answers.
  private static let watchMilliseconds = 30_000

  init(
    sockets: [String], job: String, arguments: [String], isPrivate: Bool, memory: MemoryBudget,
    display: ProgressDisplay
  ) {
    self.memory = memory
    self.sockets = sockets
    self.job = job
    self.arguments = arguments
    self.isPrivate = isPrivate
    self.display = display
  }

  /// Runs the job to its end. `limit`: how many records of each result are wanted; nil for all.
  func result(limit: Int?) throws -> JobResult {
    let line = NodeLine(sockets)
    let id = try submit(line)
    submitted.withLock { $0 = id }
    defer { display.note(nil) }
    let record = try follow(id, line)
    if record.phase == .cancelled { throw InlineRunner.interrupted }
    if let failure = record.failure { throw JobError(failure) }
    if Interrupt.cancellation.isCancelled { throw tooLate(id) }
    return JobResult(
      outputs: try record.results.map { try fetch($0, limit, line) },
      stages: record.stages.map(\.counts), counters: record.counters,
      spilledBytes: record.spilledBytes + (memory.scratch?.spilledBytes ?? 0))
  }

  private func submit(_ line: NodeLine) throws -> JobID {
    display.note("submits \(job)")
    if Interrupt.cancellation.isCancelled { throw InlineRunner.interrupted }
    let own: (digest: CodeDigest, bytes: [UInt8])
    do { own = try NodeClient.executable("/proc/self/exe") } catch { throw JobError(error) }
    let spec = JobSpec(
      code: own.digest, name: job, arguments: arguments, directory: Terminal.workingDirectory,
      tableSeed: UInt64.random(in: .min ... .max))
    let patience = Self.patienceMilliseconds
    return try line.asking { client throws(NodeClient.Failure) in
      try client.bring(own.digest, own.bytes, milliseconds: patience)
      return try client.submit(spec, milliseconds: patience)
    }
  }

  private func follow(_ id: JobID, _ line: NodeLine) throws -> JobRecord {
    var shown = 0
    var since: UInt64?
    while true {
      let known = since
      let record = try line.asking { client throws(NodeClient.Failure) in
        do throws(NodeClient.Failure) {
          return try client.job(id, since: known, milliseconds: Self.watchMilliseconds)
        } catch {
          guard case .connection(let error) = error, error.code == .timeout else { throw error }
          return try client.job(id, milliseconds: Self.patienceMilliseconds)
        }
      }
      since = record.revision
      // Fewer than before: the job had to begin anew.
      shown = min(shown, record.stages.count)
      show(record, from: shown)
      shown = record.stages.count
      if record.phase.isOver { return record }
    }
  }

  private func show(_ record: JobRecord, from first: Int) {
    guard let plan = record.plan else { return display.note("\(record.id) is \(record.phase)") }
    for (stage, done) in zip(plan.stages, record.stages).dropFirst(first) {
      display.stageEnded(stage, done.counts)
    }
    let next = record.stages.count
    guard next < plan.stages.count, !record.phase.isOver else { return display.note(nil) }
    display.note("\(plan.stages[next].id) of \(plan.stages.count)  \(plan.stages[next].name)")
  }

  private func fetch(
    _ made: MadeResult, _ limit: Int?, _ line: NodeLine
  ) throws -> StageResult {
    display.note("reads \(made.name)")
    let patience = Self.patienceMilliseconds
    let versions = try line.asking { client throws(NodeClient.Failure) in
      try client.versions(
        .find(name: made.name, .version(made.version)), milliseconds: patience)
    }
    guard let version = versions.first, !version.isLost else {
      throw JobError(
        .noInput, "\(made.name)@\(made.version) was lost before it was read: too many nodes ended",
        advice: "run the job again")
    }
    let whole = RunExtent(records: version.records, bytes: version.bytes)
    var missing = limit ?? .max
    return try StageResult(
      name: version.name, schema: version.schema, isHashed: version.isHashed,
      partitions: version.runs.count, whole: limit == nil ? nil : whole, memory: memory
    ) { partition in
      if Interrupt.cancellation.isCancelled { throw tooLate(version.job) }
      guard missing > 0 else { return [] }
      let wanted = missing
      let run = try line.asking { client throws(NodeClient.Failure) in
        try client.frames(version, partition: partition, limit: wanted, milliseconds: patience)
      }
      if limit == nil { try check(run, version, partition) }
      // Where runs stand one behind the other, those that are behind enough are not shown.
      if !version.isHashed { missing -= min(missing, version.runs[partition].records) }
      return run
    }
  }

  private func check(_ run: [UInt8], _ version: ResultVersion, _ partition: Int) throws {
    // A partition that nothing came to was never folded, and has no digest.
    let digest = run.withBytes { Checksum.of($0) }
    guard run.isEmpty || digest == version.runs[partition].digest else {
      throw JobError(
        .internalFault, "partition \(partition) of \(version.name) came with another digest")
    }
  }

  /// The interrupt came when all was done: what a cluster has that goes on, it keeps.
  private func tooLate(_ id: JobID) -> JobError {
    isPrivate
      ? InlineRunner.interrupted
      : JobError(.interrupted, "interrupted when \(id) was done: its results stay on the cluster")
  }

  /// Saves what was read. The job is over then: of a cluster that goes on, its results stay.
  func saving(_ body: () throws -> Void) throws {
    do { try body() } catch var error as JobError {
      if !isPrivate {
        let id = submitted.withLock { $0 }.map { "\($0)" } ?? "the job"
        error.message += "; the results of \(id) stay on the cluster"
      }
      throw error
    }
  }

  /// Called a few times a second, by another thread than the one that waits.
  func refresh() {
    display.refresh()
    guard Interrupt.cancellation.isCancelled, !hasCancelled.load(ordering: .relaxed),
      let id = submitted.withLock({ $0 })
    else { return }
    hasCancelled.store(true, ordering: .relaxed)
    display.say("cancels \(id); ^C again leaves at once")
    // Where that fails, the job's end or the second ^C ends the run.
    _ = try? NodeLine(sockets).asking { client throws(NodeClient.Failure) in
      try client.cancel(id, milliseconds: Self.patienceMilliseconds)
    }
  }
}

/// The way to a cluster: the first of some nodes that answers, and the next one when it does not
/// any more. One thread at a time.
private final class NodeLine {
  private let sockets: [String]
  private var next = 0
  private var client: NodeClient?
  /// The same at all nodes: what was asked for of one and again of another is done once.
  private let key = "run-\(UInt64.random(in: .min ... .max))-\(UInt64.random(in: .min ... .max))"

  private static let patience = Duration.seconds(30)
  private static let pauseMicroseconds: useconds_t = 50_000

  init(_ sockets: [String]) { self.sockets = sockets }

  private func connected() throws(NodeClient.Failure) -> NodeClient {
    if let client { return client }
    let made = try NodeClient(sockets[next], key: key)
    client = made
    return made
  }

  func asking<R>(_ body: (NodeClient) throws(NodeClient.Failure) -> R) throws -> R {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      do throws(NodeClient.Failure) {
        return try body(try connected())
      } catch {
        if case .refused = error { throw JobError(error) }
        client = nil
        next = (next + 1) % sockets.count
        guard sockets.count > 1, ContinuousClock.now < deadline else { throw JobError(error) }
        usleep(Self.pauseMicroseconds)
      }
    }
  }
}

extension StageRecord {
  /// What it did, as the inline engine counts it.
  fileprivate var counts: StageCounts {
    StageCounts(
      bytesRead: input.bytesRead, recordsRead: input.recordsRead,
      recordsShuffled: input.recordsShuffled, bytesShuffled: input.bytesShuffled,
      recordsOut: records, bytesOut: bytes, nanoseconds: Int(microseconds) * 1000)
  }
}
