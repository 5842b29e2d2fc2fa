// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory

extension StageResult {
  /// Bytes of frames that are hashed at a time.
  private static let pieceBytes = 1 << 16

  /// What each partition came to, as the replicas of a cluster tell it of theirs. O(bytes).
  package var tallies: [RunTally] {
    runs.map { run in
      var tally = RunTally()
      tally.records = run.records
      tally.bytes = run.bytes
      var checksum = Checksum()
      var frames = ByteBuffer(capacity: Self.pieceBytes)
      RunSlice(run: run, range: 0..<run.records).forEach { frame in
        frames.appendFrame(key: frame.key, value: frame.value)
        guard frames.count >= Self.pieceBytes else { return }
        checksum.update(frames.bytes)
        frames.removeAll()
      }
      checksum.update(frames.bytes)
      tally.digest = checksum.value
      return tally
    }
  }
}
