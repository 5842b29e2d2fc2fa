// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Exchange
package import Vocabulary

/// Jobs and results by way of several nodes.
extension RetryingClient {
  /// Submits a job, once, however often it has to be said. `executable`: the bytes of the job's
  /// code; a node that lacks them is brought them first.
  package func submit(
    _ spec: JobSpec, _ executable: [UInt8], milliseconds: Int
  ) throws(NodeClient.Failure) -> JobID {
    let id = nextCommand()
    return try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      // A large executable takes its time, and another node would take as long.
      try client.bring(spec.code, executable, milliseconds: 10 * patience)
      return try client.submit(spec, as: id, milliseconds: patience)
    }
  }

  package func job(_ id: JobID, milliseconds: Int) throws(NodeClient.Failure) -> JobRecord {
    try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      try client.job(id, milliseconds: patience)
    }
  }

  package func versions(
    _ asked: JobQuestion, milliseconds: Int
  ) throws(NodeClient.Failure) -> [ResultVersion] {
    try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      try client.versions(asked, milliseconds: patience)
    }
  }

  /// All frames of a partition of a version. Refused where the version has expired, or is lost.
  package func run(
    _ version: ResultVersion, partition: Int, milliseconds: Int
  ) throws(NodeClient.Failure) -> [UInt8] {
    try retrying(milliseconds) { client, patience throws(NodeClient.Failure) in
      try client.frames(version, partition: partition, milliseconds: patience)
    }
  }
}
