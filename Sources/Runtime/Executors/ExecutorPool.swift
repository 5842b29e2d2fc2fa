// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Fabrics
import Synchronization
package import Vocabulary

/// The executors of a node: child processes, in which alone jobs' own code runs.
///
/// A slot runs one task at a time, in a process of the task's executable, which is kept for the
/// next one. One thread looks after all processes. A process that dies is told of once, whether or
/// not it had a task; what it was lent comes back.
package final class ExecutorPool: Sendable {
  private let inbox: PoolInbox
  private let outbox: PoolOutbox
  private let thread: Mutex<SystemThread?>

  /// `rouse` is called, on the pool's thread, when there is something to take.
  package init(
    _ settings: ExecutorSettings, arena: Arena, rouse: @escaping @Sendable () -> Void
  ) throws(FabricError) {
    let inbox = try PoolInbox()
    let outbox = PoolOutbox()
    let loop = try ExecutorLoop(settings, arena, inbox, outbox, rouse)
    self.inbox = inbox
    self.outbox = outbox
    thread = Mutex(try SystemThread { loop.run() })
  }

  deinit { close() }

  /// The slot's executor takes a task up; `executable` is where its code lies. The slot has none.
  package func start(_ slot: Int, _ task: ExecutorTask, executable: String) {
    inbox.post(.start(slot: slot, task, path: executable))
  }

  /// All executors drop what they have gathered for a step.
  package func forget(_ step: StepID) { inbox.post(.forget(step)) }

  /// The slot's task is of no use any more. It still reports; a process that does not obey is
  /// killed.
  package func cancel(_ slot: Int) { inbox.post(.cancel(slot: slot)) }

  /// Appends what was told since the last call.
  package func take(into inputs: inout [WorkshopInput]) { outbox.take(into: &inputs) }

  /// What executors wrote since the last call, and how many lines more had no room.
  package func takeLines() -> (lines: [ExecutorLine], dropped: Int) { outbox.takeLines() }

  /// Ends all executors and waits for that; blocks may outlive it. Calling again does nothing.
  package func close() {
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let running else { return }
    inbox.post(.close)
    running.join()
  }
}
