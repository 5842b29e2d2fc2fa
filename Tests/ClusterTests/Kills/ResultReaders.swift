// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Foundation
import Runtime
import Synchronization
import Vocabulary

/// Clients that look which results there are, and read them, at any node, all the time.
final class ResultReaders: Sendable {
  struct Seen: Sendable {
    /// Questions that were answered.
    var answers = 0
    /// Versions that were read whole, and were right.
    var versionsRead = 0
    /// Requests that could not be answered, or versions that had expired.
    var refusals = 0
    var failures: [String] = []
  }

  private let known: KnownJobs
  private let seen = Mutex(Seen())
  private let isOver = Atomic<Bool>(false)
  private let group = DispatchGroup()

  init(readers: Int, _ known: KnownJobs, sockets: [String], seed: UInt64) {
    self.known = known
    for reader in 0..<readers {
      group.enter()
      Thread.detachNewThread { [self, group] in
        defer { group.leave() }
        Session(self, sockets, seed &+ UInt64(reader)).work()
      }
    }
  }

  var heard: Seen { seen.withLock { $0 } }

  func finish() async throws {
    isOver.store(true, ordering: .relaxed)
    try await Waiting.until("readers end", patience: .seconds(120)) { [group] in
      group.wait(timeout: .now()) == .success ? () : nil
    }
  }

  /// One reader, with what it has seen.
  private final class Session {
    private let readers: ResultReaders
    private let sockets: [String]
    private var state: UInt64
    /// By name: the newest version.
    private var newest: [String: UInt64] = [:]
    private var jobs: [JobID: KnownJobs.Known] = [:]

    init(_ readers: ResultReaders, _ sockets: [String], _ seed: UInt64) {
      self.readers = readers
      self.sockets = sockets
      state = seed | 1
    }

    private func draw(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }

    func work() {
      while !readers.isOver.load(ordering: .relaxed) {
        do throws(NodeClient.Failure) {
          let client = try NodeClient(sockets[draw(sockets.count)])
          for _ in 0..<4 {
            try look(client)
            // Jobs want to get on, too.
            usleep(10_000)
          }
        } catch {
          note(error)
          usleep(20_000)
        }
      }
    }

    private func look(_ client: NodeClient) throws(NodeClient.Failure) {
      if draw(3) == 0 {
        let names = KnownResults.names
        let name = names[draw(names.count)]
        let versions = try client.versions(.log(name: name), milliseconds: 2000)
        log(name, versions)
        guard !versions.isEmpty else { return }
        return try read(versions[draw(versions.count)], client)
      }
      let versions = try client.versions(.results(prefix: ""), milliseconds: 2000)
      list(versions)
      guard !versions.isEmpty else {
        usleep(5_000)
        return
      }
      try read(versions[draw(versions.count)], client)
    }

    /// What a job makes is there together, or not at all.
    private func list(_ versions: [ResultVersion]) {
      for names in KnownResults.groups {
        let jobs = Set(names.map { name in versions.first { $0.name == name }?.job })
        if jobs.count != 1 { fail("results of one job are not there together: \(jobs)") }
      }
      for version in versions { advance(version) }
      for name in newest.keys where !versions.contains(where: { $0.name == name }) {
        fail("\(name) was there, and is not any more")
      }
      count { $0.answers += 1 }
    }

    private func log(_ name: String, _ versions: [ResultVersion]) {
      for (newer, older) in zip(versions, versions.dropFirst())
      where newer.version != older.version + 1 || newer.instant <= older.instant {
        fail("\(name)@\(newer.version) follows \(name)@\(older.version)")
      }
      if let newest = versions.first { advance(newest) }
      count { $0.answers += 1 }
    }

    /// Versions never go back. What was seen of one result holds for those made with it.
    private func advance(_ version: ResultVersion) {
      if version.version < newest[version.name] ?? 0 {
        fail("\(version.name)@\(version.version) was told after a later one")
      }
      if version.isLost { fail("\(version.name)@\(version.version) is lost") }
      for names in KnownResults.groups where names.contains(version.name) {
        for name in names { newest[name] = max(newest[name] ?? 0, version.version) }
      }
    }

    private func read(_ version: ResultVersion, _ client: NodeClient) throws(NodeClient.Failure) {
      guard let known = try known(version.job, client) else { return }
      var runs: [[UInt8]] = []
      for partition in version.runs.indices {
        runs.append(try client.frames(version, partition: partition, milliseconds: 2000))
      }
      let digest = try? KnownJobs.digest(runs, isHashed: version.isHashed)
      guard digest == known.digests[version.name] else {
        return fail("\(version.name)@\(version.version) of \(version.job) is not what it has to be")
      }
      count { $0.versionsRead += 1 }
    }

    private func known(
      _ id: JobID, _ client: NodeClient
    ) throws(NodeClient.Failure) -> KnownJobs.Known? {
      if let known = jobs[id] { return known }
      let job = try client.job(id, milliseconds: 2000)
      guard job.phase == .committed, let known = readers.known.known(job.spec) else {
        fail("a result is of \(id), which is \(job.phase)")
        return nil
      }
      jobs[id] = known
      return known
    }

    private func note(_ error: NodeClient.Failure) {
      switch error {
      case .unavailable, .busy, .connection: count { $0.refusals += 1 }
      case .refused(let reason):
        let isExpected =
          reason.contains("has expired") || reason.contains("there is no result called")
          || reason.contains("was over long ago")
        if isExpected { count { $0.refusals += 1 } } else { fail(reason) }
      }
    }

    private func count(_ body: (inout Seen) -> Void) { readers.seen.withLock { body(&$0) } }

    private func fail(_ text: String) {
      count { if $0.failures.count < 20 { $0.failures.append("a reader: \(text)") } }
    }
  }
}

/// What the known jobs make.
enum KnownResults {
  static let groups = [["lengths", "rest", "top"], ["counts"]]
  static let names = groups.flatMap { $0 }
}
