// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct DecimalTests {
  private func double(_ text: String) -> Double? { Array(text.utf8).withBytes { Double($0) } }

  @Test(arguments: 0..<50) func `Decimals are the numbers that Swift reads`(seed: Int) {
    var random = RandomSource(seed)
    for _ in 0..<2000 {
      let alphabet =
        random.number(0...3) == 0 ? Array("0123456789.-+e".utf8) : Array("0123459.".utf8)
      let digits = String(
        decoding: random.bytes(random.number(0...22), of: alphabet), as: UTF8.self)
      let text = (random.number(0...1) == 0 ? "-" : "") + digits
      #expect(double(text)?.bitPattern == Double(text)?.bitPattern, "\(text)")
    }
  }

  @Test(arguments: [
    "9007199254740993", "9007199254740992", "0.1", "-0", "-0.0", "-", ".", "", "1.", ".5", "-.5",
    "000000000000000001", "0.000000000000000001", "123456789012345678", "1..2", "1.2.3", "1e5",
    "0x1p4", "inf", "nan", "99999999999999999999", "0.3000000000000000166",
  ])
  func `Decimals at the border of the fast way are read alike`(text: String) {
    #expect(double(text)?.bitPattern == Double(text)?.bitPattern)
  }
}
