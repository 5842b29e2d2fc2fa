// SPDX-License-Identifier: Apache-2.0

/// A named value with the revision in which it was set last.
package struct Entry: Hashable, Sendable {
  package let name: String
  package var value: [UInt8]
  /// Counts the changes of the whole catalogue, from 1: later changes have higher ones.
  package var revision: UInt64

  package init(name: String, value: [UInt8], revision: UInt64) {
    self.name = name
    self.value = value
    self.revision = revision
  }
}
