// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A lock with a condition: what worker threads of one stage share.
@safe package final class Monitor: @unchecked Sendable {
  // Sendable because that is what a lock is for; the two C objects never move.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  package init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition = .allocate(capacity: 1)
    unsafe condition.initialize(to: pthread_cond_t())
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  package func withLock<R>(_ body: () throws -> R) rethrows -> R {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Waits for a signal, at most a fifth of a second: the caller looks again whether to stop.
  package func wait() {
    var deadline = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &deadline)
    deadline.tv_nsec += 200_000_000
    if deadline.tv_nsec >= 1_000_000_000 {
      deadline.tv_nsec -= 1_000_000_000
      deadline.tv_sec += 1
    }
    unsafe pthread_cond_timedwait(condition, mutex, &deadline)
  }

  /// Wakes all who wait.
  package func signalAll() { unsafe pthread_cond_broadcast(condition) }
}

/// Runs a body on several threads and returns when all are done.
package enum Threads {
  private final class Task: Sendable {
    let index: Int
    let body: @Sendable (Int) -> Void
    init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }

  /// Bytes of a worker's stack: user code may recurse.
  private static let stackBytes = 8 << 20

  /// Runs `body(0)` on this thread and `body(1)` … on others. Where the system gives fewer threads
  /// than `count`, fewer do the work; an error where there are not `minimum` of them.
  package static func run(
    _ count: Int, minimum: Int = 1, _ body: @escaping @Sendable (Int) -> Void
  ) throws {
    if count == 1 { return body(0) }
    var threads: [pthread_t] = []
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { unsafe attributes.deallocate() }
    unsafe pthread_attr_init(attributes)
    unsafe pthread_attr_setstacksize(attributes, stackBytes)
    var failure: Int32 = 0
    for index in 1..<count {
      var thread: pthread_t = 0
      let task = Task(index, body)
      let argument = unsafe Unmanaged.passRetained(task)
      failure = unsafe pthread_create(
        &thread, attributes,
        { raw in
          guard let raw = unsafe raw else { return nil }
          let task = unsafe Unmanaged<Task>.fromOpaque(raw).takeRetainedValue()
          task.body(task.index)
          return nil
        }, argument.toOpaque())
      if failure != 0 {
        unsafe argument.release()
        break
      }
      threads.append(thread)
    }
    unsafe pthread_attr_destroy(attributes)
    if threads.count + 1 >= minimum { body(0) }
    for thread in threads { pthread_join(thread, nil) }
    guard threads.count + 1 >= minimum else {
      throw JobError(.internalFault, "cannot start a thread: \(errorText(failure))")
    }
  }
}
