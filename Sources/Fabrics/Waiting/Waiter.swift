// SPDX-License-Identifier: Apache-2.0
package import Environment
import Glibc

/// How a member waits when a turn of its cores made no progress: it lets others run some times, and
/// then parks until somebody pushes.
///
/// Two members that share a processor hand it to each other that way in about a microsecond, and
/// an idle one uses none. It never spins: with more members than processors, a spinning one keeps
/// away just what it waits for.
package struct Waiter: Sendable {
  /// How often the processor is offered to others before parking.
  package var yields: Int
  /// How long to park at most. Bounds what depends on time and not on pushes.
  package var parkNanoseconds: UInt64
  private var fruitless = 0

  package init(yields: Int = 20, parkNanoseconds: UInt64 = 100_000_000) {
    self.yields = yields
    self.parkNanoseconds = parkNanoseconds
  }

  /// The last turn made progress: the next wait begins with yielding.
  package mutating func progressed() { fruitless = 0 }

  /// Waits after a turn without progress. `look` takes one more turn, and says whether it made
  /// progress; it runs between saying that this member parks and parking, so that no push is
  /// missed.
  package mutating func wait(
    on fabric: borrowing some Fabric, look: () throws -> Bool
  ) rethrows {
    if fruitless < yields {
      fruitless += 1
      sched_yield()
      return
    }
    fabric.arm()
    do {
      if try look() {
        fabric.disarm()
        fruitless = 0
        return
      }
    } catch {
      fabric.disarm()
      throw error
    }
    fabric.park(nanoseconds: parkNanoseconds)
  }
}
