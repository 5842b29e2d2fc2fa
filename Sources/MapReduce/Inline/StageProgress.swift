// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Synchronization

/// How far a stage is: counters that threads add to and a display reads.
package final class StageProgress: Sendable {
  package let stage: StageDescription
  /// Bytes of input, where they are known.
  package let totalBytes: Int?
  let bytesRead = Atomic<Int>(0)
  let recordsRead = Atomic<Int>(0)
  let recordsShuffled = Atomic<Int>(0)
  let bytesShuffled = Atomic<Int>(0)
  let recordsOut = Atomic<Int>(0)
  let bytesOut = Atomic<Int>(0)
  let nanoseconds = Atomic<Int>(0)

  init(_ stage: StageDescription, totalBytes: Int?) {
    self.stage = stage
    self.totalBytes = totalBytes
  }

  /// A consistent enough copy of the counters.
  package var counts: StageCounts {
    StageCounts(
      bytesRead: bytesRead.load(ordering: .relaxed),
      recordsRead: recordsRead.load(ordering: .relaxed),
      recordsShuffled: recordsShuffled.load(ordering: .relaxed),
      bytesShuffled: bytesShuffled.load(ordering: .relaxed),
      recordsOut: recordsOut.load(ordering: .relaxed),
      bytesOut: bytesOut.load(ordering: .relaxed),
      nanoseconds: nanoseconds.load(ordering: .relaxed))
  }
}

/// What a stage did.
package struct StageCounts: Sendable {
  package let bytesRead: Int
  package let recordsRead: Int
  package let recordsShuffled: Int
  package let bytesShuffled: Int
  package let recordsOut: Int
  package let bytesOut: Int
  package let nanoseconds: Int

  package init(
    bytesRead: Int, recordsRead: Int, recordsShuffled: Int, bytesShuffled: Int, recordsOut: Int,
    bytesOut: Int, nanoseconds: Int
  ) {
    self.bytesRead = bytesRead
    self.recordsRead = recordsRead
    self.recordsShuffled = recordsShuffled
    self.bytesShuffled = bytesShuffled
    self.recordsOut = recordsOut
    self.bytesOut = bytesOut
    self.nanoseconds = nanoseconds
  }
}

extension StageCounts {
  /// Of a stage that was not run.
  static let none = StageCounts(
    bytesRead: 0, recordsRead: 0, recordsShuffled: 0, bytesShuffled: 0, recordsOut: 0, bytesOut: 0,
    nanoseconds: 0)
}

/// Sees what a running job does. Called from the engine's threads.
package protocol RunObserver: Sendable {
  func stageBegan(_ progress: StageProgress)
  func stageEnded(_ progress: StageProgress)
}

/// Tells a running job to stop; nothing of it becomes visible.
package final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)
  package init() {}
  package func cancel() { flag.store(true, ordering: .relaxed) }
  package var isCancelled: Bool { flag.load(ordering: .relaxed) }
}
