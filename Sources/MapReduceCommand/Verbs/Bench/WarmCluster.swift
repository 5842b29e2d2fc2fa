// SPDX-License-Identifier: Apache-2.0
import Bench
import Dataflow
import Exchange
import Fabrics
import MapReduce
import Runtime
import Vocabulary

/// A cluster that runs, and a client of it.
final class WarmCluster {
  let transport: Transport
  private let cluster: LocalCluster
  private let client: NodeClient
  private let code: CodeDigest

  private static let answerMilliseconds = 60_000
  /// How long it takes at most until ^C is noticed.
  private static let watchMilliseconds = 500

  /// `key`: the file of a cluster key, for nodes that have addresses of other hosts.
  init(
    _ shape: ClusterShape, over transport: Transport, in directory: String, key: () throws -> String
  ) throws {
    self.transport = transport
    var settings = LocalClusterSettings(nodes: shape.nodes, directory: directory)
    settings.replicas = shape.replicas
    settings.transport = transport
    // Results would fill memory.
    settings.more = ["results.keep-versions=1"]
    if transport == .verbs, let host = Terminal.environment("MAPRED_VERBS_HOST") {
      settings.more += ["node.listen=\(host):0", "cluster.key-file=\(try key())"]
    }
    do throws(FabricError) {
      cluster = try LocalCluster(
        settings, isCancelled: { Interrupt.cancellation.isCancelled })
    } catch { throw error.code == .cancelled ? JobError.benchInterrupted : JobError(error) }
    do throws(NodeClient.Failure) {
      client = try NodeClient(cluster.sockets[0])
      let (digest, bytes) = try NodeClient.executable("/proc/self/exe")
      code = digest
      try client.bring(digest, bytes, milliseconds: Self.answerMilliseconds)
    } catch {
      cluster.end()
      throw JobError(error)
    }
  }

  func end() { cluster.end() }

  /// Submits a job so many times, each after the end of the one before it.
  func trials(_ count: Int, _ job: String, _ arguments: [String]) throws -> [Trial] {
    let processes = cluster.nodes.map(\.process.mark.number)
    ProcessUsage.forgetPeaks(of: processes)
    let before = ProcessUsage.of(processes)
    var walls: [Double] = []
    for _ in 0..<count {
      let start = ContinuousClock.now
      last = try submit(job, arguments)
      walls.append((ContinuousClock.now - start) / .seconds(1))
    }
    let after = ProcessUsage.of(processes)
    let cpu = (after.cpu - before.cpu) / Double(count)
    return walls.map { Trial(wall: $0, cpu: cpu, peak: after.peak) }
  }

  /// The last job that ended here.
  private var last: JobRecord?

  private func submit(_ job: String, _ arguments: [String]) throws -> JobRecord {
    let spec = JobSpec(
      code: code, name: job, arguments: arguments, directory: "/",
      tableSeed: UInt64.random(in: .min ... .max))
    let record: JobRecord
    do throws(NodeClient.Failure) { record = try follow(spec) } catch { throw JobError(error) }
    if let failure = record.failure { throw JobError(failure) }
    guard record.phase == .committed else { throw JobError.benchInterrupted }
    return record
  }

  /// Submits a job and waits for its end, or for ^C.
  private func follow(_ spec: JobSpec) throws(NodeClient.Failure) -> JobRecord {
    let id = try client.submit(spec, milliseconds: Self.answerMilliseconds)
    while !Interrupt.cancellation.isCancelled {
      if let record = try ended(id) { return record }
    }
    return try client.job(id, milliseconds: Self.answerMilliseconds)
  }

  /// A job once it is over; nil where that takes longer than the client waits at a time.
  private func ended(_ id: JobID) throws(NodeClient.Failure) -> JobRecord? {
    do {
      return try client.ended(id, milliseconds: Self.watchMilliseconds)
    } catch .connection(let error) where error.code == .timeout {
      return nil
    }
  }

  /// What the results of the last job came to.
  func digest() throws -> UInt64 {
    var results: [(name: String, runs: [RunTally])] = []
    do throws(NodeClient.Failure) {
      for made in last?.results ?? [] {
        let asked = JobQuestion.find(name: made.name, .version(made.version))
        for version in try client.versions(asked, milliseconds: Self.answerMilliseconds) {
          results.append((version.name, version.runs))
        }
      }
    } catch { throw JobError(error) }
    return ResultsDigest.of(results)
  }
}
