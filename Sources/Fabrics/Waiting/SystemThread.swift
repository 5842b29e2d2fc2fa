// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A thread of the system that runs one closure. It takes no signals: they are for the threads of
/// the program.
package struct SystemThread: Sendable {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private let thread: pthread_t

  package init(_ run: @escaping @Sendable () -> Void) throws(FabricError) {
    var made: pthread_t = 0
    let argument = unsafe Unmanaged.passRetained(Body(run))
    var all = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    let failure = unsafe pthread_create(
      &made, nil,
      { raw in
        guard let raw = unsafe raw else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    guard failure == 0 else {
      unsafe argument.release()
      throw .system("cannot start a thread", failure)
    }
    thread = made
  }

  /// Waits for its end. Once.
  package func join() { pthread_join(thread, nil) }

  /// Nobody waits for its end.
  package func detach() { pthread_detach(thread) }
}
