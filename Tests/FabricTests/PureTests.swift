// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Testing
import Vocabulary

@testable import Fabrics

/// What needs no other process.
struct PureTests {
  private static func formation(_ rank: Int, _ members: Int, bytes: Int = 64) throws -> Formation {
    let plan = try GroupPlan(
      (0..<members).map { _ in
        var segment = SegmentPlan()
        segment.add(
          "cells", byteCount: bytes, kind: .cells, writers: RankSet(), holders: RankSet())
        return segment
      })
    return Formation(
      rank: Rank(rank), plan: plan, addresses: (0..<members).map { "/a\($0)" })
  }

  @Test("A hello says what it was made of, and other bytes say nothing")
  func hello() throws {
    var hello = SharedHello(try Self.formation(2, 3), to: Rank(1))
    hello.isTaken = true
    hello.epoch = .max
    #expect(SharedHello(hello.bytes) == hello)
    #expect(hello.bytes.count == SharedHello.byteCount)
    #expect(SharedHello(Array(hello.bytes.dropLast())) == nil)
    #expect(SharedHello(Array(repeating: 0x41, count: SharedHello.byteCount)) == nil)
    var huge = hello.bytes
    huge[20] = 1
    #expect(SharedHello(huge) == nil, "a rank beyond all limits")
  }

  @Test("A hello is refused for what is wrong with it")
  func refusals() throws {
    let mine = try Self.formation(1, 3)
    let good = SharedHello(try Self.formation(2, 3), to: Rank(1))
    #expect(good.refusal(by: mine) == nil)
    func words(_ change: (inout SharedHello) -> Void) -> String {
      var hello = good
      change(&hello)
      let error = hello.refusal(by: mine)
      #expect(error?.code == .refused && error?.advice != nil)
      return error?.message ?? ""
    }
    #expect(words { $0.version = 9 }.contains("version 9"))
    #expect(words { $0.members = 4 }.contains("a group of 4, this one to 3"))
    #expect(words { $0.addressee = 0 }.contains("for rank 0"))
    #expect(words { $0.rank = 1 }.contains("cannot be that"))
    #expect(words { $0.rank = 3 }.contains("cannot be that"))
    #expect(words { $0.isTaken = true }.contains("already"))
    #expect(words { $0.fingerprint ^= 1 }.contains("another layout"))
  }

  @Test("Memory at hand is what can be had without swapping, and free swap")
  func meminfo() {
    let text = """
      MemTotal:       100 kB
      MemAvailable:    60 kB
      SwapFree:         4 kB
      """
    #expect(MemoryAtHand.available(meminfo: text) == 64 << 10)
    #expect(MemoryAtHand.available(meminfo: "nothing of it") == nil)
    #expect(MemoryAtHand.number("max\n") == nil)
    #expect(MemoryAtHand.number("4096\n") == 4096)
    #expect(MemoryAtHand.controlGroup("3:cpu:/x\n0::/a/b\n") == "/a/b")
    #expect(MemoryAtHand.controlGroup("3:cpu:/x\n") == nil)
  }

  @Test("A segment is known by its name")
  func names() {
    let found = LiveSegment.parse(name: "/memfd:mapred-segment.abc.7 (deleted)")
    #expect(found?.group == "abc" && found?.rank == Rank(7))
    for name in [
      "/memfd:mapred-doorbell.7 (deleted)", "/memfd:mapred-segment.abc.64 (deleted)",
      "/memfd:mapred-segment.abc.-1", "/memfd:mapred-segment.abc", "/tmp/mapred-segment.abc.7",
    ] {
      #expect(LiveSegment.parse(name: name) == nil, "\(name)")
    }
  }

  /// Notes in which order a waiter calls it.
  private final class NotingFabric: Fabric {
    var notes: [String] = []
    let rank = Rank(0)
    let plan: GroupPlan
    var sharesMemory: RankSet { RankSet() }
    init(_ plan: GroupPlan) { self.plan = plan }
    func segment(_ owner: Rank) -> Segment { Segment(byteCount: 8) }
    func push(_ pushes: borrowing Pushes) {}
    func poll(into events: inout [FabricEvent]) -> Bool { false }
    var waker: Waker { Waker {} }
    func arm() { notes.append("arm") }
    func park(nanoseconds: UInt64) { notes.append("park \(nanoseconds)") }
    func disarm() { notes.append("disarm") }
    func fence() {}
    func close() {}
  }

  @Test("A waiter yields some times, then looks once more between arming and parking")
  func waiting() throws {
    let fabric = NotingFabric(try Self.formation(0, 1).plan)
    var waiter = Waiter(yields: 2, parkNanoseconds: 5)
    var looks = 0
    for _ in 0..<2 {
      waiter.wait(on: fabric) {
        looks += 1; return false
      }
    }
    #expect(fabric.notes.isEmpty && looks == 0)
    for _ in 0..<2 {
      waiter.wait(on: fabric) {
        fabric.notes.append("look")
        return false
      }
    }
    #expect(fabric.notes == ["arm", "look", "park 5", "arm", "look", "park 5"])
    fabric.notes = []
    waiter.wait(on: fabric) { true }
    #expect(fabric.notes == ["arm", "disarm"], "what the last look found keeps it from parking")
    waiter.wait(on: fabric) { false }
    #expect(fabric.notes.count == 2, "progress begins with yielding again")
    waiter.wait(on: fabric) { false }
    waiter.progressed()
    waiter.wait(on: fabric) { false }
    #expect(fabric.notes.count == 2)
    struct Stop: Error {}
    waiter.wait(on: fabric) { false }
    #expect(throws: Stop.self) { try waiter.wait(on: fabric) { throw Stop() } }
    #expect(fabric.notes == ["arm", "disarm", "arm", "disarm"], "an error disarms")
  }
}
