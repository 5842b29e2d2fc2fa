// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Runtime
import Testing
import Vocabulary

/// What has to hold in the end of a campaign, at every node.
struct KillVerdict {
  private let cluster: Cluster
  private let sockets: [String]
  private let jobs: JobStream.Told
  private let readers: ResultReaders.Seen

  init(
    _ cluster: Cluster, _ sockets: [String], _ jobs: JobStream.Told, _ readers: ResultReaders.Seen
  ) {
    self.cluster = cluster
    self.sockets = sockets
    self.jobs = jobs
    self.readers = readers
  }

  func check() async throws {
    #expect(jobs.failures.isEmpty)
    #expect(readers.failures.isEmpty)
    #expect(readers.versionsRead > 0)
    // Each acknowledged submission made one job, and nothing else made any.
    let ids = jobs.submitted.keys.map(\.number).sorted()
    #expect(ids == Array(1...UInt64(max(1, ids.count))))
    #expect(jobs.ended.count == jobs.submitted.count)
    for socket in sockets { try check(at: socket) }
  }

  private func check(at socket: String) throws {
    let client = try NodeClient(socket)
    let newest = try client.jobs(limit: 1, milliseconds: 10_000)
    #expect(newest.map(\.id.number) == [UInt64(jobs.submitted.count)])
    for names in KnownResults.groups {
      for name in names { try check(name, names, client) }
    }
  }

  private func check(_ name: String, _ names: [String], _ client: NodeClient) throws {
    let makers = jobs.ended.values.filter { job in
      job.phase == .committed && job.results.contains { $0.name == name }
    }
    guard !makers.isEmpty else { return }
    let versions = try client.versions(.log(name: name), milliseconds: 10_000)
    // As many as jobs made, in their order, without a gap.
    #expect(versions.first?.version == UInt64(makers.count))
    for (newer, older) in zip(versions, versions.dropFirst()) {
      #expect(newer.version == older.version + 1)
      #expect(newer.instant > older.instant)
    }
    for version in versions {
      #expect(!version.isLost)
      let maker = try #require(makers.first { $0.id == version.job })
      #expect(
        maker.results.contains { $0.name == name && $0.version == version.version })
      let runs = try version.runs.indices.map {
        try client.frames(version, partition: $0, milliseconds: 10_000)
      }
      let digest = try KnownJobs.digest(runs, isHashed: version.isHashed)
      #expect(digest == jobs.submitted[version.job]?.digests[name])
    }
  }
}
