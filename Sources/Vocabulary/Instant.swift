// SPDX-License-Identifier: Apache-2.0

/// A hybrid logical instant: microseconds since 1970 as some clock showed them, and a count that
/// keeps later events later where clocks do not. (Kulkarni et al., "Logical Physical Clocks",
/// OPODIS 2014.)
package struct Instant: Hashable, Comparable, Sendable {
  /// Microseconds since 1970-01-01 UTC.
  package let microseconds: UInt64
  /// Tells instants of one microsecond apart.
  package let count: UInt64

  package init(microseconds: UInt64, count: UInt64 = 0) {
    self.microseconds = microseconds
    self.count = count
  }

  package static func < (a: Instant, b: Instant) -> Bool {
    (a.microseconds, a.count) < (b.microseconds, b.count)
  }

  /// The instant of an event that follows this one, where a clock shows `microseconds`.
  package func next(_ microseconds: UInt64) -> Instant {
    microseconds > self.microseconds
      ? Instant(microseconds: microseconds)
      : Instant(microseconds: self.microseconds, count: count + 1)
  }
}
