// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The system's words for an `errno`, and its number: `Connection refused (errno 111)`.
package func errorText(_ code: Int32) -> String {
  // Members may be threads of one process, and strerror has one buffer for all of them.
  var buffer = [CChar](repeating: 0, count: 128)
  _ = unsafe strerror_r(code, &buffer, buffer.count)
  let words = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
  return String(decoding: words, as: UTF8.self) + " (errno \(code))"
}

/// Calls again where a signal came in between. -1 and `errno` as the system says it.
package func uninterrupted(_ call: () -> Int) -> Int {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// The monotonic clock, in nanoseconds.
package func monotonicNanoseconds() -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Waits until a descriptor is ready for `events`, but not past an instant of the monotonic clock.
/// False where that came first, or the descriptor cannot be waited for.
package func waitUntilReady(
  _ descriptor: Int32, _ events: Int32 = POLLIN, until deadline: UInt64
) -> Bool {
  while true {
    let now = monotonicNanoseconds()
    let left = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
    var state = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let count = unsafe poll(&state, 1, Int32(min(left, 1 << 30)))
    if count > 0 { return true }
    guard count < 0, errno == EINTR else { return false }
  }
}

extension FabricError {
  /// A call that the system refused.
  package static func system(_ what: String, _ code: Int32, advice: String? = nil) -> FabricError {
    FabricError(.system, "\(what): \(errorText(code))", advice: advice)
  }
}
