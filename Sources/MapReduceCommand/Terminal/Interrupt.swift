// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce

/// Turns ^C and SIGTERM into a cancellation; the second one ends the process at once.
enum Interrupt {
  /// The running job's; made before the handler is set, so that the handler only stores a flag.
  static let cancellation = Cancellation()

  static func install() {
    _ = cancellation.isCancelled
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = { _ in
      if Interrupt.cancellation.isCancelled { _exit(130) }
      Interrupt.cancellation.cancel()
    }
    unsafe sigaction(SIGINT, &action, nil)
    unsafe sigaction(SIGTERM, &action, nil)
    // Whoever started this process may have had them blocked.
    var numbers = sigset_t()
    unsafe sigemptyset(&numbers)
    unsafe sigaddset(&numbers, SIGINT)
    unsafe sigaddset(&numbers, SIGTERM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &numbers, nil)
  }
}
