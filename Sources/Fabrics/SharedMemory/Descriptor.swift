// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// A file descriptor that is closed with its last owner.
package final class Descriptor: Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }

  /// What one thread or process signals and another one waits for.
  static func event() throws(FabricError) -> Descriptor {
    let made = mapred_event()
    guard made >= 0 else { throw .system("cannot make an event to wake a member by", errno) }
    return Descriptor(made)
  }

  /// Makes an event readable. Not for other descriptors.
  func signal() {
    var one: UInt64 = 1
    _ = unsafe write(number, &one, 8)
  }

  deinit { _ = close(number) }
}
