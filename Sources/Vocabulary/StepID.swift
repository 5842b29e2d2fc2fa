// SPDX-License-Identifier: Apache-2.0

/// One attempt at one stage of one job, on the whole cluster. Later steps have greater numbers.
package struct StepID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }

  /// The `count`-th step, from 0, that the scheduler of a view begins.
  package init(view: UInt64, count: UInt64) {
    precondition(count < 1 << 24 && view < 1 << 40, "a view begins 16 million steps at most")
    number = view << 24 | count
  }

  /// The view in which it began.
  package var view: UInt64 { number >> 24 }

  package static func < (a: StepID, b: StepID) -> Bool { a.number < b.number }

  /// View and count: `7.12`.
  package var description: String { "\(view).\(number & 0xFF_FFFF)" }
}
