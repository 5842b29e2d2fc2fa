// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Tells which seed was being played when the process ends by a broken assertion.
enum TrapNote {
  static let seed = Atomic<UInt64>(0)

  static func install() {
    // Made before the handler is set, so that the handler only reads it.
    seed.store(0, ordering: .relaxed)
    for number in [SIGILL, SIGTRAP, SIGSEGV] {
      _ = signal(number) { number in
        let seed = TrapNote.seed.load(ordering: .relaxed)
        Terminal.say("the trap is in seed \(seed): play it with --seeds \(seed) --trace")
        _ = signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Seconds of a clock that never goes back.
  static var seconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
