// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing

@testable import MapReduce

private struct Visit: Codable, Record, Equatable {
  var page: String
  var seconds: Double
  var note: String?
  var place: Place
  var tags: [String: Int] = [:]
  var steps: [Step] = []
  var wide: [[UInt8?]] = []
}

private struct Place: Codable, Equatable, Sendable {
  var x: Float
  var y: Int16
  var isHome: Bool
}

private enum Step: Codable, Equatable, Sendable {
  case start
  case go(Int, to: String)
  case nested(Place)
  indirect case again(Step)
}

private enum Color: String, Codable, Record { case red, green }

private struct Everything: Codable, Record, Equatable {
  var a = Int8.min
  var b = Int16.min
  var c = Int32.min
  var d = Int64.min
  var e = Int.max
  var f = UInt8.max
  var g = UInt16.max
  var h = UInt32.max
  var i = UInt64.max
  var j = UInt.max
  var k = Float.pi
  var l = Double.pi
  var m = true
  var n = "text\0"
  var o: Int? = nil
  var p: [Int]? = [1]
  var q: Set<Int> = [1, 2, 3]
  var r = Date(timeIntervalSinceReferenceDate: 12.5)
  var s = URL(filePath: "/a/b")
  var t: [Int: String] = [1: "a", 2: "b"]
  var u = Int128.min
  var v: UInt128? = UInt128.max
  var w: [Int128] = [-1, .max]
}

// Sendable because no test changes them once they are made.
private class Base: Codable, @unchecked Sendable {
  var name = "base"
}

private final class Derived: Base, @unchecked Sendable {
  var level = 3

  override init() { super.init() }
  private enum Field: CodingKey { case level }

  required init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Field.self)
    level = try fields.decode(Int.self, forKey: .level)
    try super.init(from: fields.superDecoder())
  }

  override func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(level, forKey: .level)
    try super.encode(to: fields.superEncoder())
  }
}

private struct Holder: Codable, Record { var derived = Derived() }
private struct Empty: Codable, Record, Equatable {}
private struct Tags: Codable, Record, Equatable { var counts: [String: Int] }

@Suite struct CodableRecordTests {
  private static let visits = [
    Visit(page: "", seconds: 0, note: nil, place: Place(x: 0, y: 0, isHome: false)),
    Visit(
      page: "grün\n", seconds: -1.5e300, note: "x", place: Place(x: 0.1, y: -7, isHome: true),
      tags: ["a": 1, "b": -2, "": 3],
      steps: [
        .start, .go(5, to: "there"), .nested(Place(x: 1, y: 2, isHome: true)),
        .again(.again(.start)),
      ],
      wide: [[], [nil, 3], [255]]),
  ]

  @Test(arguments: 0..<2) func `Nested types with payloads, optionals and lists read back`(
    index: Int
  ) throws {
    let visit = Self.visits[index]
    #expect("\(Visit.typeCode)" == "tagged")
    let bytes = encodedValue(visit)
    #expect(try decodedValue(bytes, as: Visit.self) == visit)
    for cut in 0..<bytes.count {
      #expect(throws: (any Error).self) {
        _ = try decodedValue(Array(bytes[..<cut]), as: Visit.self)
      }
    }
  }

  @Test func `Every kind of field reads back`() throws {
    let everything = Everything()
    #expect(try decodedValue(encodedValue(everything), as: Everything.self) == everything)
    #expect(try decodedValue(encodedValue(Color.green), as: Color.self) == .green)
    #expect(try decodedValue(encodedValue(Empty()), as: Empty.self) == Empty())
    let holder = try decodedValue(encodedValue(Holder()), as: Holder.self)
    #expect(holder.derived.level == 3 && holder.derived.name == "base")
  }

  @Test func `A value of another type is refused, with its name`() {
    #expect(throws: DecodingError.self) {
      _ = try decodedValue(encodedValue(Empty()), as: Visit.self)
    }
    #expect(throws: DecodingError.self) {
      _ = try decodedValue(encodedValue(Color.red), as: Everything.self)
    }
  }

  @Test(arguments: 0..<40) func `Equal values have equal bytes, whatever their past`(seed: Int) {
    var random = RandomSource(seed)
    let names = (0..<8).map { "tag \($0)" }
    var (one, other) = (Tags(counts: [:]), Tags(counts: [:]))
    // Room for much more makes another order inside of a dictionary.
    other.counts.reserveCapacity(1000)
    for name in names.shuffled(using: &random) { one.counts[name] = 1 }
    for name in names.shuffled(using: &random) { other.counts[name] = 1 }
    #expect(one == other)
    #expect(encodedValue(one) == encodedValue(other))
  }

  @Test func `Codable values pass through stages`() throws {
    let visits = (0..<300).map {
      Visit(
        page: "p\($0 % 7)", seconds: Double($0), note: $0 % 2 == 0 ? "even" : nil,
        place: Place(x: 1, y: 2, isHome: true), steps: [.go($0, to: "x")])
    }
    let result = try runOnAnyThreads { flow in
      flow.read(.values(visits)).keyed { ($0.page, $0) }
        .reduce { one, other in
          var whole = one
          whole.seconds += other.seconds
          whole.steps += other.steps
          return whole
        }
        .write(.result("result"))
    }
    let found = try result.pairs(as: (String, Visit).self)
    #expect(found.map(\.0) == (0..<7).map { "p\($0)" })
    for (page, visit) in found {
      let of = visits.filter { $0.page == page }
      #expect(visit.seconds == of.reduce(0) { $0 + $1.seconds })
      #expect(visit.steps == of.flatMap(\.steps))
      #expect(visit.note == of[0].note)
    }
  }
}
