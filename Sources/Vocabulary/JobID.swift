// SPDX-License-Identifier: Apache-2.0

/// A submitted job: counted by the cluster, from 1.
package struct JobID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }

  /// What `description` writes, or the number alone; nil where the text is neither.
  package init?(_ text: some StringProtocol) {
    let digits = text.hasPrefix("j-") ? text.dropFirst(2) : text[...]
    guard let number = UInt64(digits), number > 0 else { return nil }
    self.number = number
  }

  package static func < (a: JobID, b: JobID) -> Bool { a.number < b.number }

  /// `j-17`.
  package var description: String { "j-\(number)" }
}
