// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file descriptor that is closed with its last owner.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }

  deinit { _ = close(number) }
}

/// The monotonic clock, in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
  var now = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

extension FabricError {
  /// The system's own words for a number that a call left.
  static func words(_ number: Int32) -> String { unsafe String(cString: strerror(number)) }

  /// A call that the system refused.
  static func system(_ what: String, _ number: Int32, advice: String? = nil) -> FabricError {
    FabricError(.system, "\(what): \(words(number))", advice: advice)
  }
}
