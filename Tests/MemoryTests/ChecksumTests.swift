// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@Suite struct ChecksumTests {
  @Test(arguments: [
    ("", 0xEF46_DB37_51D8_E999 as UInt64), ("a", 0xD24E_C4F1_A98C_6E5B),
    ("abc", 0x44BC_2CF5_AD77_0999),
  ])
  func `Public test vectors of XXH64 agree`(text: String, wanted: UInt64) {
    #expect(Array(text.utf8).withBytes { Checksum.of($0) } == wanted)
    #expect(Array(text.utf8).withBytes { _ in Checksum().value } == 0xEF46_DB37_51D8_E999)
  }

  @Test(arguments: 0..<60) func `Feeding in pieces gives the checksum of the whole`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.bytes(seed < 40 ? seed * 3 : random.number(0...5000))
    let whole = bytes.withBytes { Checksum.of($0) }
    for _ in 0..<10 {
      var checksum = Checksum()
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + random.number(0...40))
        bytes.withBytes { checksum.update($0[start..<end]) }
        start = end
      }
      #expect(checksum.value == whole)
      // Asking for the value changes nothing.
      #expect(checksum.value == whole)
    }
  }

  @Test(arguments: 0...100) func `Every bit and the length count`(count: Int) {
    var random = RandomSource(count)
    let bytes = random.bytes(count)
    let whole = bytes.withBytes { Checksum.of($0) }
    #expect((bytes + [0]).withBytes { Checksum.of($0) } != whole)
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1 << UInt8(random.number(0...7))
      #expect(other.withBytes { Checksum.of($0) } != whole)
    }
  }

  @Test func `Eight bytes are read with the least one first`() {
    let bytes: [UInt8] = [9, 1, 2, 3, 4, 5, 6, 7, 8]
    #expect(bytes.withBytes { $0.littleEndian64(at: 1) } == 0x0807_0605_0403_0201)
  }
}
