// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Memory
import Vocabulary

extension MemoryBudget {
  /// The least that a job can be held to: what a process and its threads take anyway, and blocks of
  /// all partitions that are written at the same time.
  package static let limitMinimum = 64 << 20

  /// A budget of `limit` bytes, beyond which records go to a file in `directory`.
  package convenience init(limit: Int, scratch directory: String) throws {
    guard limit >= Self.limitMinimum else {
      throw JobError(
        .usage, "\(ByteCount(limit)) of memory are too little to run a job",
        advice: "allow \(ByteCount(Self.limitMinimum)) at least: --memory 64MiB")
    }
    self.init(limit: limit, scratch: ScratchArea(in: directory))
  }

  /// What an executor's folds may hold, as its node says. Where it could open no file for this
  /// process, none is there, and making one fails in the same way.
  convenience init(executor bytes: Int, scratch directory: String) {
    let isThere = Segment.isFile(ExecutorBorder.scratch)
    let file = ScratchFile(in: directory, descriptor: isThere ? ExecutorBorder.scratch : -1)
    self.init(limit: bytes, scratch: ScratchArea(file))
  }

  /// The job's error where the scratch file could not grow.
  func check() throws {
    guard let failure = scratch?.failure else { return }
    throw JobError(
      .cannotWrite, failure.message,
      advice: failure.isAtOnce
        ? "name a directory on a disk with room (--scratch DIR), or allow more memory (--memory)"
        : "make room there, name another directory (--scratch DIR), or allow more memory "
          + "(--memory)")
  }

  /// The same in an executor, which lives on: the next task may have more luck.
  func checkOnce() throws {
    if let failure = scratch?.takeFailure() { throw JobError(JobFailure(failure)) }
  }
}
