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
    do {
      self.init(limit: limit, scratch: try ScratchArea(in: directory))
    } catch {
      throw JobError(
        .cannotWrite, "no scratch file can be made in \(directory): \(errorText(error.code))",
        advice: "name a directory on a disk with room: --scratch DIR")
    }
  }

  /// The job's error where the scratch file could not grow.
  func check() throws {
    guard let scratch, let failure = scratch.failure else { return }
    let problem = failure.code == ENOSPC ? "is full" : errorText(failure.code)
    throw JobError(
      .cannotWrite,
      "the disk of scratch directory \(scratch.directory) \(problem): "
        + "\(ByteCount(scratch.spilledBytes)) were written to it",
      advice: "make room there, name another directory (--scratch DIR), or allow more memory "
        + "(--memory)")
  }
}
