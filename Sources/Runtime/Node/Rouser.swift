// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Synchronization

/// Rouses the polling thread from wherever it is parked: on its view's fabric, or, between two
/// views, on a signal of its own.
final class Rouser: Sendable {
  private let signal: WakeSignal
  private let waker = Mutex<Waker?>(nil)

  init() throws(FabricError) { signal = try WakeSignal() }

  /// What the polling thread parks on; nil: on the own signal. Set by the polling thread.
  var target: Waker? {
    get { waker.withLock { $0 } }
    set { waker.withLock { $0 = newValue } }
  }

  /// Called by other threads.
  func rouse() {
    target?.wake()
    signal.waker.wake()
  }

  func arm() { signal.arm() }
  func disarm() { signal.disarm() }
  func park(nanoseconds: UInt64) { signal.park(nanoseconds: nanoseconds) }
}
