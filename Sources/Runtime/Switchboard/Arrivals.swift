// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What waits for the polling thread. The switchboard's thread fills it turn by turn, the polling
/// thread empties it as a whole: each holds the lock for as long as two arrays take to change
/// places.
final class Arrivals: Sendable {
  private struct Waiting {
    var events: [SwitchEvent] = []
    var letterBytes = 0
    /// The switchboard has stopped to read letters and wants to know when there is room.
    var isStalled = false
  }

  private let waiting = Mutex(Waiting())
  private let requestCount = Atomic<Int>(0)
  private let letterBytes = Atomic<Int>(0)
  private let wake: @Sendable () -> Void

  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

  /// Requests that were delivered and not taken.
  var requests: Int { requestCount.load(ordering: .relaxed) }
  /// Bytes of letters that were delivered and not taken.
  var letters: Int { letterBytes.load(ordering: .relaxed) }

  /// Moves everything to the end of `events`. True where the switchboard waits for that.
  func take(into events: inout [SwitchEvent]) -> Bool {
    waiting.withLock { waiting in
      if events.isEmpty {
        // The arrays change places, and so both keep their memory.
        swap(&events, &waiting.events)
      } else {
        events += waiting.events
      }
      waiting.events.removeAll(keepingCapacity: true)
      waiting.letterBytes = 0
      requestCount.store(0, ordering: .relaxed)
      letterBytes.store(0, ordering: .relaxed)
      defer { waiting.isStalled = false }
      return waiting.isStalled
    }
  }

  /// Hands a turn's events over, and wakes the polling thread where nothing waited before.
  func deliver(_ intake: inout [SwitchEvent], requests: Int, letterBytes bytes: Int) {
    let wasEmpty = waiting.withLock { waiting in
      let wasEmpty = waiting.events.isEmpty
      if wasEmpty { swap(&waiting.events, &intake) } else { waiting.events += intake }
      waiting.letterBytes += bytes
      requestCount.wrappingAdd(requests, ordering: .relaxed)
      letterBytes.store(waiting.letterBytes, ordering: .relaxed)
      return wasEmpty
    }
    intake.removeAll(keepingCapacity: true)
    if wasEmpty { wake() }
  }

  /// Asks to be told when the letters have been taken; false where there is room already.
  func stall(above limit: Int) -> Bool {
    waiting.withLock { waiting in
      waiting.isStalled = waiting.letterBytes >= limit
      return waiting.isStalled
    }
  }
}
