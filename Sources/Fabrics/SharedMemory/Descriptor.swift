// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A file descriptor that is closed with its last owner.
package final class Descriptor: Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  deinit { _ = close(number) }
}
