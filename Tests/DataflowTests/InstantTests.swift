// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Vocabulary

@Suite("Instants as people write them")
struct InstantTests {
  @Test(
    "are those of the calendar",
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (951_868_799_999_999, "2000-02-29T23:59:59.999999Z"),
      (1_764_153_243_220_519, "2025-11-26T10:34:03.220519Z"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
      (1_706_659_200_000_000, "2024-01-31T00:00:00.000000Z"),
      (1_735_603_200_000_000, "2024-12-31T00:00:00.000000Z"),
    ] as [(UInt64, String)])
  func text(_ microseconds: UInt64, _ text: String) {
    #expect(Instant(microseconds: microseconds).text == text)
    #expect(Instant(text: text) == Instant(microseconds: microseconds))
  }

  @Test("are read as they are written")
  func random() {
    var random = RandomSource(7)
    for _ in 0..<2000 {
      let instant = Instant(microseconds: random.next() % 100_000_000_000_000_000)
      #expect(Instant(text: instant.text) == instant)
    }
  }

  @Test("may leave the fraction out, or shorten it")
  func fractions() {
    #expect(Instant(text: "1970-01-01T00:00:01Z")?.microseconds == 1_000_000)
    #expect(Instant(text: "1970-01-01T00:00:00.25Z")?.microseconds == 250_000)
  }

  @Test(
    "are refused where they are none",
    arguments: [
      "", "now", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-10T00:00:00Z",
      "2025-04-31T00:00:00Z", "2025-04-30T24:00:00Z", "2025-04-30T00:00:00", "1969-12-31T00:00:00Z",
      "2025-04-30 00:00:00Z", "2025-04-30T00:00:00.Z", "2025-04-30T00:00:00.1234567Z",
      "2025-04-30T00:00:00+01:00",
    ])
  func refusals(_ text: String) {
    #expect(Instant(text: text) == nil)
  }
}
