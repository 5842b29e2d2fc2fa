// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Memory
import Synchronization
import Testing
import Vocabulary

@testable import Fabrics

/// Fences over shared memory, where peers store while a fence looks at their cells.
@Suite(.serialized) struct FenceTests {
  /// So many pages of cells lie between the two that are stored one after the other, that no look
  /// is done before the next store.
  private static let pages = 32
  private static let second = (pages + 1) * Limits.pageBytes

  private static func plan() throws -> GroupPlan {
    try GroupPlan(
      (0..<2).map { index in
        var segment = SegmentPlan()
        segment.add(
          "cells", byteCount: (pages + 2) * Limits.pageBytes, kind: .cells,
          writers: RankSet([Rank(index)]), holders: RankSet(first: 2))
        return segment
      })
  }

  @Test("A fence leaves one moment of a peer that stores without a pause")
  func restless() throws {
    let directory = try SocketDirectory()
    let plan = try Self.plan()
    let failures = Mutex<[String]>([])
    for _ in 0..<20 {
      let addresses = directory.addresses(2)
      let hasFenced = Atomic<Bool>(false)
      let hasEnded = CheckThreads.run(2, limitSeconds: 60) { index in
        do {
          let fabric = try SharedMemoryFabric.open(
            Formation(rank: Rank(index), plan: plan, addresses: addresses))
          defer { fabric.close() }
          guard index == 0 else {
            if let failure = Self.fence(fabric) { failures.withLock { $0.append(failure) } }
            hasFenced.store(true, ordering: .releasing)
            return
          }
          var round: UInt64 = 0
          while !hasFenced.load(ordering: .acquiring) {
            round += 1
            fabric.segment(Rank(0)).store(round, at: 0)
            fabric.segment(Rank(0)).store(round, at: Self.second)
            fabric.push(0, 8, .cells)
          }
        } catch {
          failures.withLock { $0.append("\(error)") }
          hasFenced.store(true, ordering: .releasing)
        }
      }
      #expect(hasEnded)
    }
    #expect(failures.withLock { $0 } == [])
  }

  /// Fences once the peer stores; what is wrong with the copy.
  private static func fence(_ fabric: SharedMemoryFabric) -> String? {
    let peer = fabric.segment(Rank(0))
    while peer.load(Self.second) < 1000 { fabric.park(nanoseconds: 1_000_000) }
    fabric.fence()
    let (first, second) = (peer.load(0), peer.load(Self.second))
    // The peer stores the first cell before the second.
    guard first == second || first == second + 1 else { return "\(first), but \(second) after it" }
    return peer.load(0) == first ? nil : "a cell changed after the fence"
  }

  @Test("A doorbell that holds lets nobody pass who pushes, and wakes as before afterwards")
  func holding() throws {
    let file = try MemoryFile.create("mapred-doorbell.test", byteCount: Doorbell.byteCount)
    let own = try Doorbell(file)
    let other = try Doorbell(file)
    #expect(!other.ring())
    own.hold()
    #expect(other.ring())
    // The member may have ended: the wait does, too.
    other.waitWhileHeld(until: 1)
    #expect(other.ring(), "ringing and waiting do not end a hold")
    own.release()
    #expect(!other.ring())
    other.waitWhileHeld(until: .max)
    own.arm()
    #expect(!other.ring())
    own.sleep(nanoseconds: .max / 2)
    own.arm()
    own.hold()
    #expect(other.ring(), "who holds is not parked")
    own.release()
    own.sleep(nanoseconds: .max / 2)
  }
}
