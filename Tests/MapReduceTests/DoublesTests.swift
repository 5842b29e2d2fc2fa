// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

@Suite struct DoublesTests {
  private static let lists: [[Double]] = [
    [], [0], [-0.0, 1.5, .infinity, -.greatestFiniteMagnitude], (0..<300).map { Double($0) / 7 },
  ]

  @Test func `They are the bytes of an array, and show its numbers`() throws {
    #expect(Doubles.typeCode == [Double].typeCode)
    for list in Self.lists {
      let bytes = encodedValue(list)
      try (bytes + [7]).withBytes {
        var reader = RecordReader($0)
        let view = try Doubles(from: &reader)
        #expect(Array(view) == list && view.count == list.count)
        #expect(encodedValue(view) == bytes)
        // What follows is not theirs.
        let next = try reader.byte()
        #expect(next == 7)
      }
    }
  }

  @Test func `Fewer bytes than they say are damage`() throws {
    let bytes = encodedValue(Self.lists[2])
    let damaged =
      (0..<bytes.count).map { Array(bytes[..<$0]) } + [
        // More than any memory holds.
        [UInt8](repeating: 0xFF, count: 9) + [1] + bytes
      ]
    for bytes in damaged {
      #expect(throws: (any Error).self) {
        try bytes.withBytes {
          var reader = RecordReader($0)
          _ = try Doubles(from: &reader)
        }
      }
    }
  }

  @Test func `Cached lists are read in place, by several stages`() throws {
    let lists = (0..<2000).map { number in [Double(number % 5), Double(number)] }
    let result = try runOnAnyThreads { flow in
      let points = flow.read(.values(lists)).cached(as: Doubles.self)
      points.keyed { point in (Int(point[0]), point) }
        .combine(into: [Double]()) { sums, point in
          sums = sums.isEmpty ? Array(point) : zip(sums, point).map { $0 + $1 }
        } merge: { sums, other in
          sums = sums.isEmpty ? other : zip(sums, other).map { $0 + $1 }
        }
        .write(.result("sums"))
      // Only what is among the highest is kept, as a copy.
      points.keyed { point in (Int(point[1]), point) }.top(3, by: { $0[1] })
        .write(.result("top"))
    }
    let sums = try result.pairs("sums", as: (Int, [Double]).self)
    #expect(sums.map(\.0) == [0, 1, 2, 3, 4])
    for (key, sum) in sums {
      let own = lists.filter { $0[0] == Double(key) }
      #expect(sum == [own.map { $0[0] }.reduce(0, +), own.map { $0[1] }.reduce(0, +)])
    }
    let top = try result.pairs("top", as: (Int, [Double]).self)
    #expect(top.map(\.0) == [1999, 1998, 1997])
    #expect(top.map(\.1) == [lists[1999], lists[1998], lists[1997]])
  }
}
