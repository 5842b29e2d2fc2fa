// SPDX-License-Identifier: Apache-2.0
import CSystem
import Dataflow
package import Exchange
import Fabrics
import Glibc
import Synchronization
import Vocabulary

/// A line that an executor wrote.
package struct ExecutorLine: Hashable, Sendable {
  package let slot: Int
  package let code: CodeDigest
  package let text: String
}

/// What other threads want of the pool's.
enum PoolErrand: Sendable {
  case start(slot: Int, ExecutorTask, path: String)
  case forget(StepID)
  case cancel(slot: Int)
  /// A block of a process's area is not needed any more.
  case free(process: Int, UInt64)
  case close
}

/// Errands that wait, and the bell that wakes the pool's thread.
final class PoolInbox: Sendable {
  private struct Waiting {
    var errands: [PoolErrand] = []
    /// Nobody takes errands any more.
    var isClosed = false
  }

  private let waiting = Mutex(Waiting())
  let bell: Descriptor

  init() throws(FabricError) {
    let number = mapred_event()
    guard number >= 0 else { throw .system("cannot make an event counter", errno) }
    bell = Descriptor(number)
  }

  func post(_ errand: PoolErrand) {
    let mustRing = waiting.withLock { waiting in
      // Blocks may outlive the pool.
      guard !waiting.isClosed else { return false }
      if case .close = errand { waiting.isClosed = true }
      waiting.errands.append(errand)
      return waiting.errands.count == 1
    }
    guard mustRing else { return }
    var one: UInt64 = 1
    _ = unsafe write(bell.number, &one, 8)
  }

  /// Takes all errands; `errands` is empty before.
  func take(into errands: inout [PoolErrand]) {
    var count: UInt64 = 0
    _ = unsafe read(bell.number, &count, 8)
    waiting.withLock { swap(&$0.errands, &errands) }
  }
}

/// What executors have told, until it is taken.
final class PoolOutbox: Sendable {
  private struct Waiting {
    var inputs: [WorkshopInput] = []
    var lines: [ExecutorLine] = []
    var droppedLines = 0
  }

  private let waiting = Mutex(Waiting())

  /// More lines than these are dropped: an executor may write without end.
  private static let linesMaximum = 4096

  func put(_ inputs: inout [WorkshopInput]) {
    waiting.withLock { $0.inputs += inputs }
    inputs.removeAll(keepingCapacity: true)
  }

  func put(_ line: ExecutorLine) {
    waiting.withLock { waiting in
      if waiting.lines.count < Self.linesMaximum {
        waiting.lines.append(line)
      } else {
        waiting.droppedLines += 1
      }
    }
  }

  func take(into inputs: inout [WorkshopInput]) {
    waiting.withLock { waiting in
      if inputs.isEmpty { return swap(&waiting.inputs, &inputs) }
      inputs += waiting.inputs
      waiting.inputs.removeAll(keepingCapacity: true)
    }
  }

  func takeLines() -> (lines: [ExecutorLine], dropped: Int) {
    waiting.withLock { waiting in
      let taken = (waiting.lines, waiting.droppedLines)
      waiting.lines = []
      waiting.droppedLines = 0
      return taken
    }
  }
}
