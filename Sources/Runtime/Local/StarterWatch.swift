// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc

/// How a node that was started for somebody notices that nobody is there any more.
///
/// Its standard input is a pipe that its starter alone can write to. A byte lets the node live on
/// by itself; the end of the pipe says that the starter has ended, in whatever way.
package enum StarterWatch {
  /// How long a node may take to leave, once its starter is gone.
  private static let graceSeconds: UInt32 = 5

  /// Calls `isGone` on another thread, and ends this process where that does not lead to its end.
  package static func begin(isGone: @escaping @Sendable () -> Void) throws(FabricError) {
    let thread = try SystemThread {
      var byte: UInt8 = 0
      let count = uninterrupted { unsafe read(STDIN_FILENO, &byte, 1) }
      guard count <= 0 else { return }
      isGone()
      var left = graceSeconds
      while left > 0 { left = sleep(left) }
      _exit(exitCode)
    }
    thread.detach()
  }

  /// The exit code of a node that could not leave in time.
  private static let exitCode: Int32 = 69
}
