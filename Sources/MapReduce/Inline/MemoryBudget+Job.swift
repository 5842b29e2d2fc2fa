// SPDX-License-Identifier: Apache-2.0
import Glibc
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

  /// The job's error where the scratch file could not grow.
  func check() throws {
    guard let scratch, let failure = scratch.failure else { return }
    if failure.isAtOnce {
      throw JobError(
        .cannotWrite,
        "what does not fit into memory cannot be kept in \(scratch.directory): "
          + errorText(failure.code),
        advice: "name a directory on a disk with room (--scratch DIR), or allow more memory "
          + "(--memory)")
    }
    let problem = failure.code == ENOSPC ? "the disk is full" : errorText(failure.code)
    throw JobError(
      .cannotWrite,
      "what does not fit into memory cannot be kept in \(scratch.directory): \(problem)",
      advice: "make room there, name another directory (--scratch DIR), or allow more memory "
        + "(--memory)")
  }
}
