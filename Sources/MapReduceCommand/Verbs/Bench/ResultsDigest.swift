// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// One number for all results of a job, whichever engine made them.
enum ResultsDigest {
  /// XXH64 over what all partitions that hold records came to.
  static func of(_ results: [(name: String, runs: [RunTally])]) -> UInt64 {
    var text = ByteBuffer(capacity: 4096)
    for result in results.sorted(by: { $0.name < $1.name }) {
      text.append(counted: result.name)
      for (partition, run) in result.runs.enumerated() where run.records > 0 {
        text.appendVarint(UInt64(partition))
        text.appendVarint(UInt64(run.records))
        text.appendLittleEndian(run.digest)
      }
    }
    return Checksum.of(text.bytes)
  }
}
