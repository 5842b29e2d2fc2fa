// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

/// Tables that save nothing are gone past, and are tried again.
@Suite struct CombineTests {
  private static let count = 40_000

  /// Keys that repeat never, soon, late, now and then, and each of these for a while.
  private static func keys(_ kind: Int) -> [Int32] {
    var random = RandomSource(kind)
    return (0..<count).map { place in
      let number =
        switch kind {
        case 0: place
        case 1: place % 10
        case 2: place % 1500
        case 3: random.number(0...20_000)
        case 4: random.number(0...2_000_000)
        default: place < 3000 || place > 30_000 ? place : place % 7
        }
      return Int32(number)
    }
  }

  /// A sum of these depends on the order in which they were added: a digest, and what those before
  /// it are multiplied with.
  private typealias Digest = Tuple<Int, Int>

  private static func add(_ one: Digest, _ other: Digest) -> Digest {
    Digest(
      one.parts.0 &* other.parts.1 &+ other.parts.0, one.parts.1 &* other.parts.1)
  }

  @Test(arguments: 0..<6) func `Values of a key meet in their order, past the table or in it`(
    kind: Int
  ) throws {
    let keys = Self.keys(kind)
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "pairs", keys.enumerated().map { "\($1) \($0)\n" }.joined())
    let result = try runOnAnyThreads { flow in
      let pairs = flow.read(.lines(path)).keyed { line in
        var words = line.words.makeIterator()
        let key = words.next().flatMap { Int32($0) } ?? -1
        return (key, Digest(words.next().flatMap { Int($0) } ?? -1, 31))
      }
      pairs.reduce(Self.add).write(.result("read"))
      // What an earlier stage has left is not decoded to go past the table.
      pairs.map { Tuple($0, $1.parts.0) }.keyed { (0, $0) }
        .group(to: (Int32, Digest).self) { _, values, emit in
          for value in values { emit(value.parts.0, Digest(value.parts.1, 31)) }
        }
        .reduce(Self.add).write(.result("stored"))
    }
    var wanted: [Int32: Digest] = [:]
    for (place, key) in keys.enumerated() {
      let digest = Digest(place, 31)
      wanted[key] = wanted[key].map { Self.add($0, digest) } ?? digest
    }
    for name in ["read", "stored"] {
      let found = try result.pairs(name, as: (Int32, Digest).self)
      #expect(found.map(\.0) == wanted.keys.sorted())
      let agree = found.allSatisfy { key, digest in
        wanted[key].map { $0.parts == digest.parts } ?? false
      }
      #expect(agree, "\(name)")
    }
  }

  @Test(arguments: [10, 1500]) func `A table is gone past and tried again where keys repeat late`(
    keys: Int
  ) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("lines", (0..<Self.count).map { "\($0 % keys)\n" }.joined())
    let result = try run { flow in
      flow.read(.lines(path)).map { Int($0) ?? 0 }.keyed { ($0, 1) }.reduce(+)
        .write(.result("result"))
    }
    let seen = Limits.combineFirstLook
    let inVain = keys < seen ? 0 : seen * (1 + Limits.combineBypass)
    #expect(result.stages[0].recordsShuffled == inVain + keys)
    let wanted = (0..<keys).map { (Self.count - 1 - $0) / keys + 1 }
    #expect(try result.pairs(as: (Int, Int).self).map(\.1) == wanted)
  }
}
