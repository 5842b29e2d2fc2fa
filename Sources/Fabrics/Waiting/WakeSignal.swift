// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Environment
import Glibc
import Synchronization

/// What another thread of this process rings to end a park in `epoll` or `poll`: a word that says
/// whether the member is about to park, and a descriptor that becomes readable.
///
/// No wake gets lost for the reason that a `Doorbell` loses none: the member says that it parks and
/// then looks, the other thread fills its queue and then looks at the word, with a full fence
/// between the two on both sides.
package final class WakeSignal: Sendable {
  private enum State {
    static let awake: UInt32 = 0
    static let armed: UInt32 = 1
    static let over: UInt32 = 2
  }

  private let state = Atomic<UInt32>(State.awake)
  private let event: Descriptor

  package init() throws(FabricError) {
    event = try Descriptor.event()
  }

  /// Readable after a wake; stays so until `quiet`.
  var descriptor: Int32 { event.number }

  /// Wakes count from here on.
  package func arm() {
    _ = state.compareExchange(
      expected: State.awake, desired: State.armed, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  package func disarm() {
    _ = state.compareExchange(expected: State.armed, desired: State.awake, ordering: .relaxed)
  }

  /// Whether no wake has come since `arm`.
  var isArmed: Bool { state.load(ordering: .acquiring) == State.armed }

  /// Makes the descriptor unreadable.
  func quiet() {
    var count: UInt64 = 0
    _ = unsafe read(event.number, &count, 8)
  }

  /// Waits for a wake since `arm`, at most `nanoseconds`.
  package func park(nanoseconds: UInt64) {
    let deadline = monotonicNanoseconds() &+ nanoseconds
    while isArmed {
      let now = monotonicNanoseconds()
      guard now < deadline else { break }
      var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let milliseconds = (deadline - now + 999_999) / 1_000_000
      _ = unsafe poll(&place, 1, Int32(min(milliseconds, 1 << 30)))
    }
    disarm()
    quiet()
  }

  /// Nobody is woken any more.
  func end() { state.store(State.over, ordering: .sequentiallyConsistent) }

  package var waker: Waker { Waker { self.wake() } }

  private func wake() {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard state.load(ordering: .relaxed) == State.armed else { return }
    let (isMine, _) = state.compareExchange(
      expected: State.armed, desired: State.awake, ordering: .sequentiallyConsistent)
    guard isMine else { return }
    event.signal()
  }
}
