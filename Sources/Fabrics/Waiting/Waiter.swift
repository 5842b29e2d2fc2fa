// SPDX-License-Identifier: Apache-2.0
package import Environment
import Glibc
import Vocabulary

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

  /// For a member of a group that meets over `fabric`.
  ///
  /// In shared memory what a peer stores is there at once, so another turn costs little and often
  /// finds something. Over sockets and devices each look is a system call, and who yields often
  /// takes time from those who fill the socket: one look more is enough. (Measured with TCP, three
  /// members on two processors: 20 yields cost 15 % more processor time than one, for 5 % less
  /// throughput of large messages.)
  package init(for fabric: any Fabric, parkNanoseconds: UInt64 = 100_000_000) {
    let isShared = fabric.sharesMemory.count > 1
    self.init(yields: isShared ? 20 : 1, parkNanoseconds: parkNanoseconds)
  }

  /// The last turn made progress: the next wait begins with yielding.
  package mutating func progressed() { fruitless = 0 }

  /// Waits after a turn without progress. `look` takes one more turn, and says whether it made
  /// progress; it runs between saying that this member parks and parking, so that no push is
  /// missed.
  /// `isUrgent`: whether it yields before it parks; not where others have more to do than this
  /// member, as each yield is a switch there and back.
  package mutating func wait(
    on fabric: borrowing some Fabric, isUrgent: Bool = true, look: () throws -> Bool
  ) rethrows {
    if isUrgent, fruitless < yields {
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
