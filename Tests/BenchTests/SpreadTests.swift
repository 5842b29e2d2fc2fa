// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Bench

@Suite struct SpreadTests {
  @Test func `The median is the middle, or between the two in the middle`() throws {
    #expect(try #require(Spread([3, 1, 2])).median == 2)
    #expect(try #require(Spread([4, 1, 2, 3])).median == 2.5)
    let spread = try #require(Spread([7, 5, 9]))
    #expect(spread.least == 5 && spread.most == 9 && spread.count == 3)
    #expect(Spread([]) == nil)
  }

  @Test(arguments: [(100, 99, 98.0), (200, 99, 197), (1000, 99, 989), (200, 95, 189)])
  func `A percentile is exceeded by the rest alone`(
    count: Int, hundredths: Int, wanted: Double
  ) throws {
    let spread = try #require(Spread((0..<count).reversed().map(Double.init)))
    #expect(spread.percentile(hundredths) == wanted)
  }

  @Test func `Too few values have no percentile`() throws {
    #expect(try #require(Spread([1, 2, 3])).percentile(99) == nil)
    #expect(try #require(Spread((0..<99).map(Double.init))).percentile(99) == nil)
  }

  private func figures(_ name: String, _ walls: [Double]) -> VariantFigures {
    VariantFigures(name, walls.map { Trial(wall: $0) })
  }

  @Test func `A ratio is taken within rounds`() {
    // In the second round the machine was busy for both.
    let slow = figures("slow", [2, 30, 4])
    let quick = figures("quick", [1, 10, 2])
    #expect(slow.ratio(to: quick) == 2)
    #expect(slow.ratio(to: figures("other", [4, 4])) == 1)
  }

  @Test func `What some trial does not tell is not told of the variant`() {
    let told = VariantFigures("a", [Trial(wall: 1, cpu: 2, peak: 8), Trial(wall: 1, cpu: 4)])
    #expect(told.cpu?.median == 3)
    #expect(told.peak == nil)
  }

  @Test(arguments: [
    (0.000_012_3, "12.3 µs"), (0.0123, "12.3 ms"), (0.99951, "1000 ms"), (1.5, "1.50 s"),
    (234.5, "235 s"),
  ])
  func `Times are told in the unit that suits them`(seconds: Double, text: String) {
    #expect(Digits.time(seconds) == text)
  }

  @Test(arguments: [
    (17, "17 B"), (1000, "1 kB"), (1_000_000, "1 MB"), (1_500_000, "1.5 MB"),
    (100_000_950, "100 MB"), (1_000_000_000, "1 GB"),
  ])
  func `Sizes are told in decimal units`(bytes: Int, text: String) {
    #expect(Digits.size(bytes) == text)
  }
}
