// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite("How a node divides its memory")
struct MemorySharesTests {
  @Test("What is counted in memory is never more than there is", arguments: [1, 2, 8])
  func sums(slots: Int) {
    for bytes in [64 << 20, 128 << 20, 1 << 30, 64 << 30] {
      let shares = MemoryShares(of: bytes, slots: slots)
      #expect(shares.arena + slots * shares.executor <= bytes, "\(bytes)")
      #expect(shares.arena >= bytes / 4 && shares.arena <= bytes / 2)
      #expect(shares.area >= 8 << 20 && shares.area <= 64 << 20)
    }
  }

  @Test("Executors that are many have enough to work with")
  func many() {
    let shares = MemoryShares(of: 16 << 20, slots: 1024)
    #expect(shares.executor == 4 << 20 && shares.area == 8 << 20)
  }
}
