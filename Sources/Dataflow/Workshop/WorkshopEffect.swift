// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Vocabulary

/// What a node's part in jobs wants done outside of the node.
package enum WorkshopEffect: Sendable {
  /// An executor of this slot takes a task up; the slot has none.
  case start(slot: Int, ExecutorTask)
  /// The slot's task is of no use any more. It still reports.
  case cancel(slot: Int)
  /// All executors forget what they have gathered for a step.
  case forget(StepID)
  /// A piece of an executable of `size` bytes is kept; the last one makes it whole.
  case keepCode(CodeDigest, size: Int, offset: Int, [UInt8])
  /// An executable is read, piece by piece, to be spread.
  case readCode(CodeDigest)
  /// For people who read logs.
  case note(String)
}

/// What comes into a node's part in jobs from outside of the node.
package enum WorkshopInput: Sendable {
  case report(slot: Int, number: UInt64, TaskReport)
  /// The slot's executor of some code has died, with its task, if it had one, and with all that it
  /// had gathered.
  case died(slot: Int, CodeDigest, JobFailure)
  /// An executable is here, whole: it was brought by a client, or has come from another node.
  case hasCode(CodeDigest, isNew: Bool)
  /// An executable that nothing here uses is not here any more.
  case lacksCode(CodeDigest)
  /// A line that the slot's executor wrote.
  case line(slot: Int, String)
  /// The next piece of an executable that is read.
  case codePiece(CodeDigest, size: Int, offset: Int, [UInt8])
}

/// What a slot's executor is doing.
struct Running: Sendable {
  enum Purpose: Sendable {
    case errand(Errand)
    case sample(StepID, SplitAttempt)
    case map(StepID, SplitAttempt)
    case fold(StepID, partition: Int)

    var step: StepID? {
      switch self {
      case .errand: nil
      case .sample(let step, _), .map(let step, _): step
      case .fold(let step, _): step
      }
    }
  }

  let number: UInt64
  let code: CodeDigest
  let purpose: Purpose
}
