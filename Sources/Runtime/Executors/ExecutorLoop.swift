// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Fabrics
import Glibc
import Vocabulary

/// The pool's thread: starts executors, passes orders and reports on, and ends who does not behave.
///
/// `@unchecked Sendable`, because the thread that makes it touches it before `run`, and the one
/// that runs it alone after that.
final class ExecutorLoop: @unchecked Sendable {
  private let settings: ExecutorSettings
  private let arena: Arena
  private let inbox: PoolInbox
  private let outbox: PoolOutbox
  private let rouse: @Sendable () -> Void
  private let watch: Watch
  private var bell: ExecutorProcess.Watcher?
  private var hasRung = false

  /// In the order in which they were last used.
  private var processes: [ExecutorProcess] = []
  private var nextKey = 0
  private var told: [WorkshopInput] = []
  private var hasTold = false
  private var errands: [PoolErrand] = []
  private var isClosing = false

  private static let sleepNanoseconds: UInt64 = 60_000_000_000

  init(
    _ settings: ExecutorSettings, _ arena: Arena, _ inbox: PoolInbox, _ outbox: PoolOutbox,
    _ rouse: @escaping @Sendable () -> Void
  ) throws(FabricError) {
    self.settings = settings
    self.arena = arena
    self.inbox = inbox
    self.outbox = outbox
    self.rouse = rouse
    watch = try Watch()
  }

  func run() {
    let bell = ExecutorProcess.Watcher(inbox.bell.number) { [unowned self] _ in hasRung = true }
    self.bell = bell
    watch.add(bell)
    var wake = UInt64(0)
    while !isClosing {
      let now = monotonicNanoseconds()
      watch.wait(until: min(wake, now + Self.sleepNanoseconds), now: now)
      let later = monotonicNanoseconds()
      if hasRung { runErrands(later) }
      wake = turn(later)
    }
    close()
  }

  private func turn(_ now: UInt64) -> UInt64 {
    for process in processes where process.hasEnded { process.unwatch(in: watch) }
    processes.removeAll { $0.hasEnded }
    var wake = now + Self.sleepNanoseconds
    for process in processes {
      process.flush(watch)
      wake = min(wake, process.look(now: now))
    }
    if !told.isEmpty {
      outbox.put(&told)
      hasTold = true
    }
    if hasTold { rouse() }
    hasTold = false
    return wake
  }

  private func runErrands(_ now: UInt64) {
    hasRung = false
    inbox.take(into: &errands)
    var freed: [Int: [UInt64]] = [:]
    for errand in errands {
      switch errand {
      case .start(let slot, let task, let path): start(slot, task, path, now)
      case .forget(let step): for process in processes { process.forget(step) }
      case .cancel(let slot):
        processes.first { $0.slot == slot && $0.task != nil }?.cancel(now: now)
      case .free(let process, let id): freed[process, default: []].append(id)
      case .close: isClosing = true
      }
    }
    errands.removeAll(keepingCapacity: true)
    for process in processes { if let ids = freed[process.key] { process.free(ids) } }
  }

  private func start(_ slot: Int, _ task: ExecutorTask, _ path: String, _ now: UInt64) {
    let code = task.job.code
    if let place = processes.firstIndex(where: {
      $0.slot == slot && $0.code == code && !$0.hasEnded && !$0.isDismissed
    }) {
      let process = processes.remove(at: place)
      processes.append(process)
      return process.start(task, now: now)
    }
    makeRoom(slot)
    do {
      let process = try spawn(slot, code, path, now)
      processes.append(process)
      process.watch(in: watch)
      process.start(task, now: now)
    } catch {
      told.append(.died(slot: slot, code, error))
    }
  }

  /// Ends the process of the slot that was not used for the longest time, if it keeps nothing.
  private func makeRoom(_ slot: Int) {
    let own = processes.filter { $0.slot == slot && !$0.isDismissed }
    guard own.count >= settings.processesPerSlot,
      let idle = own.first(where: { $0.task == nil && $0.gathered.isEmpty })
    else { return }
    idle.dismiss()
  }

  private func spawn(
    _ slot: Int, _ code: CodeDigest, _ path: String, _ now: UInt64
  ) throws(JobFailure) -> ExecutorProcess {
    let key = nextKey
    nextKey += 1
    let inbox = inbox
    do {
      let area = try ExecutorArea(byteCount: settings.areaBytes) {
        inbox.post(.free(process: key, $0))
      }
      return try ExecutorProcess(
        key, slot: slot, code, path, settings, arena, area, now: now,
        tell: { [unowned self] in told.append($0) },
        tellLine: { [unowned self] line in
          outbox.put(line)
          hasTold = true
        })
    } catch let error as Spawned.Failure {
      throw JobFailure(
        exitCode: 1, code: "failed",
        message: "cannot start the executable of the job (\(path)): \(error.call): "
          + errorText(error.code),
        advice: error.call == "execve"
          ? "build it for this kind of machine, and submit it again" : nil)
    } catch {
      throw JobFailure(exitCode: 69, code: "unavailable", message: "\(error)")
    }
  }

  /// Ends all executors and waits for their ends.
  private func close() {
    for process in processes { process.dismiss() }
    let limit = monotonicNanoseconds() + Self.sleepNanoseconds
    while processes.contains(where: { !$0.hasEnded }) {
      let now = monotonicNanoseconds()
      guard now < limit else { break }
      watch.wait(until: limit, now: now)
    }
    for process in processes { process.unwatch(in: watch) }
    processes = []
    if let bell { watch.remove(bell) }
  }
}
