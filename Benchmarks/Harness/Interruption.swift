// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Turns ^C and SIGTERM into an error at the next turn, so that temporary files are removed.
enum Interruption {
  private static let isWanted = Atomic(false)

  static func install() {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      Interruption.isWanted.store(true, ordering: .relaxed)
    }
    unsafe sigaction(SIGINT, &action, nil)
    unsafe sigaction(SIGTERM, &action, nil)
    unsafe sigaction(SIGHUP, &action, nil)
    // A handler, because children would inherit a signal that is ignored.
    unsafe action.__sigaction_handler.sa_handler = { _ in }
    unsafe sigaction(SIGPIPE, &action, nil)
  }

  static func check() throws {
    if isWanted.load(ordering: .relaxed) { throw BenchmarkError("interrupted") }
  }
}
