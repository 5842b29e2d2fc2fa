// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Glibc
import Testing
import Vocabulary

@testable import Fabrics

/// Wakes at odd moments; those of everyday are a check of the suite.
@Suite struct WakerTests {
  /// Longer than any test waits: a park that takes so long was not woken.
  private static let long: UInt64 = 20_000_000_000

  private func parkEnds(_ fabric: some Fabric) -> Bool {
    let began = TCPGroup.seconds()
    fabric.park(nanoseconds: Self.long)
    return TCPGroup.seconds() - began < 20
  }

  private func check(_ fabric: some Fabric) {
    let waker = fabric.waker
    var events: [FabricEvent] = []
    for _ in 0..<2 {
      fabric.arm()
      waker.wake()
      // A poll in between finds nothing, and does not take the wake away.
      _ = fabric.poll(into: &events)
      #expect(parkEnds(fabric))
      // The second time the member is fenced, and waits for others of its process all the same.
      fabric.fence()
    }
    let wake = Background { for _ in 0..<1000 { waker.wake() } }
    fabric.close()
    wake.wait()
    waker.wake()
  }

  @Test("A wake between arm and park ends the park, after a fence, too")
  func oddMoments() throws {
    let directory = try SocketDirectory()
    let plan = try TCPGroup.plan(1)
    check(
      try SharedMemoryFabric.open(
        Formation(rank: Rank(0), plan: plan, addresses: directory.addresses(1))))
    check(
      try TCPFabric.open(
        Formation(rank: Rank(0), plan: plan, addresses: TCPGroup.addresses(1))))
  }

  @Test("A wake that nobody waits for leaves nothing behind that ends a later park")
  func early() throws {
    let signal = try WakeSignal()
    let waker = signal.waker
    waker.wake()
    signal.arm()
    #expect(signal.isArmed)
    waker.wake()
    #expect(!signal.isArmed)
    signal.end()
    signal.arm()
    #expect(!signal.isArmed, "what has ended does not arm")
  }

  @Test("A ring that comes after its park has ended is put away by the next park")
  func late() throws {
    let signal = try WakeSignal()
    signal.arm()
    // What a wake of the park before still had to do.
    var one: UInt64 = 1
    #expect(unsafe write(signal.descriptor, &one, 8) == 8)
    let park = Background { signal.park(nanoseconds: Self.long) }
    // It would keep the parked thread from sleeping.
    let end = TCPGroup.seconds() + 10
    while isReadable(signal.descriptor), TCPGroup.seconds() < end { sched_yield() }
    #expect(!isReadable(signal.descriptor))
    #expect(signal.isArmed, "it was no wake")
    signal.waker.wake()
    park.wait()
  }

  private func isReadable(_ descriptor: Int32) -> Bool {
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&place, 1, 0) > 0
  }
}
