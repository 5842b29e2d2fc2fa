// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Exchange
import MapReduce
package import Memory
package import Runtime
import Vocabulary

/// What became of a task.
package enum TaskEnd {
  case done(TaskReport)
  case failed(JobFailure)
  case died(JobFailure)

  package var failure: JobFailure? {
    switch self {
    case .done: nil
    case .failed(let failure), .died(let failure): failure
    }
  }

  package var hasDied: Bool { if case .died = self { true } else { false } }
}

/// A task's end, and the blocks that it left before.
package struct TaskResult {
  package var blocks: [(partition: Int, block: Block)] = []
  package var run: [Block] = []
  package var end: TaskEnd

  package func report() throws -> TaskReport {
    if case .done(let report) = end { return report }
    throw end.failure ?? JobFailure(exitCode: 70, code: "internal", message: "no end")
  }
}

/// A pool of executors, and what a node would do for it.
package final class Workplace {
  package let arena: Arena
  package let pool: ExecutorPool
  package let settings: ExecutorSettings
  private let monitor: Monitor
  private var arrived: [WorkshopInput] = []
  private var number: UInt64 = 0
  private var isClosed = false
  /// Whether blocks that leave are copied and let go of at once.
  package var copiesBlocks = true
  package private(set) var deaths: [JobFailure] = []
  /// What executors have told.
  package private(set) var spilledBytes = 0

  /// Long enough for a slow machine; what takes longer hangs.
  package static let deadline = Duration.seconds(120)

  package struct Hung: Error {}

  package init(
    slots: Int = 2, arenaBytes: Int = 256 << 20, scratch: String? = nil,
    _ change: (inout ExecutorSettings) -> Void = { _ in }
  ) throws {
    var settings = ExecutorSettings(slots: slots)
    change(&settings)
    self.settings = settings
    arena = try Arena(byteCount: arenaBytes, scratch: scratch)
    let monitor = Monitor()
    self.monitor = monitor
    pool = try ExecutorPool(settings, arena: arena) { monitor.withLock { monitor.signalAll() } }
  }

  deinit { if !isClosed { pool.close() } }

  package func close() {
    isClosed = true
    pool.close()
  }

  package func nextNumber() -> UInt64 {
    number += 1
    return number
  }

  /// Waits for the next things that are told.
  package func wait() throws -> [WorkshopInput] {
    let limit = ContinuousClock.now + Self.deadline
    while ContinuousClock.now < limit {
      let found = monitor.withLock {
        pool.take(into: &arrived)
        if arrived.isEmpty { monitor.wait() }
        defer { arrived.removeAll() }
        return arrived
      }
      if !found.isEmpty { return found }
    }
    throw Hung()
  }

  /// Does all of the work, each piece in the slot that is asked for or in any one; ends in order.
  package func perform(
    _ job: JobSpec, _ executable: String, fingerprint: UInt64? = nil,
    broadcasts: [(input: BroadcastInput, runs: [[Block]])] = [], _ work: [ExecutorTask.Work],
    slot slotOf: (Int) -> Int? = { _ in nil },
    started: (_ slot: Int) -> Void = { _ in }
  ) throws -> [TaskResult] {
    var waiting = Array(work.indices)
    var results: [TaskResult?] = Array(repeating: nil, count: work.count)
    var running: [Int: (number: UInt64, index: Int, result: TaskResult)] = [:]
    while !waiting.isEmpty || !running.isEmpty {
      for slot in 0..<settings.slots where running[slot] == nil {
        let place = waiting.firstIndex { index in slotOf(index).map { $0 == slot } ?? true }
        guard let place else { continue }
        let index = waiting.remove(at: place)
        let number = nextNumber()
        let nothing = TaskEnd.failed(JobFailure(exitCode: 70, code: "internal", message: "?"))
        running[slot] = (number, index, TaskResult(end: nothing))
        pool.start(
          slot,
          ExecutorTask(
            number: number, job: job, fingerprint: fingerprint, broadcasts: broadcasts,
            work: work[index]),
          executable: executable)
        started(slot)
      }
      for input in try wait() {
        switch input {
        case .report(let slot, let number, let report):
          guard var task = running[slot], task.number == number else { continue }
          if !take(report, &task.result) {
            running[slot] = task
          } else {
            running[slot] = nil
            results[task.index] = task.result
          }
        case .died(let slot, _, let failure):
          deaths.append(failure)
          guard var task = running.removeValue(forKey: slot) else { continue }
          task.result.end = .died(failure)
          results[task.index] = task.result
        default: break
        }
      }
    }
    return results.compactMap { $0 }
  }

  /// True where the report ends the task.
  private func take(_ report: TaskReport, _ result: inout TaskResult) -> Bool {
    switch report {
    case .block(let partition, let block):
      let kept =
        copiesBlocks ? arena.block(copying: block.bytes, records: block.records) ?? block : block
      result.blocks.append((partition, kept))
      return false
    case .runBlock(let block):
      result.run.append(block)
      return false
    case .spilled(let bytes):
      spilledBytes += bytes
      return false
    case .failed(let failure): result.end = .failed(failure)
    default: result.end = .done(report)
    }
    return true
  }
}

extension JobSpec {
  /// A job of one of the executables.
  package init(_ name: String, _ arguments: [String], in directory: String = "/", code: UInt8 = 1) {
    let digest = CodeDigest(Array(repeating: code, count: CodeDigest.byteCount))
    guard let digest else { fatalError("a digest has 32 bytes") }
    self.init(
      code: digest, name: name, arguments: arguments, directory: directory,
      tableSeed: 0x1234_5678_9ABC_DEF0)
  }
}
