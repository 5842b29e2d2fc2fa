// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

@Suite struct TeraJobTests {
  private func generate(_ count: Int, seed: Int) throws -> [String] {
    try run(TeraGen.self, ["\(count)", "--seed", "\(seed)"]).values("lines", as: String.self)
  }

  private func sorted(_ paths: [String]) throws -> [[UInt8]] {
    try run(TeraSort.self, paths).lines("sorted")
  }

  private func validate(_ paths: [String]) throws -> [Validation] {
    try run(TeraValidate.self, paths).values("validation", as: Validation.self)
  }

  @Test(arguments: [0, 1, 2, 9_999, 10_001])
  func `Lines have a hundred bytes, a random key and a row`(
    count: Int
  ) throws {
    let lines = try generate(count, seed: 5)
    #expect(lines.count == count)
    var keys: Set<String> = []
    for (row, line) in lines.enumerated() {
      let bytes = Array(line.utf8)
      guard bytes.count == 99 else {
        Issue.record("row \(row) has \(bytes.count) bytes")
        continue
      }
      keys.insert(String(decoding: bytes[..<10], as: UTF8.self))
      #expect(Int(String(decoding: bytes[11..<31], as: UTF8.self)) == row)
    }
    #expect(keys.count == count)
    #expect(lines.allSatisfy { $0.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
  }

  @Test func `Equal seeds make equal lines, other seeds other keys`() throws {
    let lines = try generate(500, seed: 1)
    #expect(try generate(500, seed: 1) == lines)
    #expect(try generate(300, seed: 1) == Array(lines.prefix(300)))
    let others = try generate(500, seed: 2)
    #expect(Set(lines.map { $0.prefix(10) }).isDisjoint(with: others.map { $0.prefix(10) }))
  }

  @Test(arguments: [0, 1, 100, 12_000]) func `Sorted lines are valid, unsorted ones are counted`(
    count: Int
  ) throws {
    let lines = try generate(count, seed: 3)
    let input = try TemporaryFile(lines: lines)
    let found = try sorted([input.path])
    let wanted = lines.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(found == wanted)
    let output = try TemporaryFile(found.flatMap { $0 + [0x0A] })
    let before = try validate([input.path])
    let after = try validate([output.path])
    #expect(after.map(\.disorders) == (count == 0 ? [] : [0]))
    #expect(after.map(\.lines) == (count == 0 ? [] : [count]))
    #expect(after.map(\.checksum) == before.map(\.checksum))
    let disorders = zip(lines, lines.dropFirst()).count {
      $1.utf8.lexicographicallyPrecedes($0.utf8)
    }
    #expect(before.map(\.disorders) == (count == 0 ? [] : [disorders]))
  }

  @Test func `A lost, doubled or changed line is seen in the checksum`() throws {
    let lines = try generate(200, seed: 4)
    let input = try TemporaryFile(lines: lines)
    let whole = try validate([input.path])
    var changed = lines
    changed[100].append("x")
    for others in [Array(lines.dropLast()), lines + [lines[7]], changed] {
      let file = try TemporaryFile(lines: others)
      #expect(try validate([file.path]).map(\.checksum) != whole.map(\.checksum))
    }
    let reversed = try TemporaryFile(lines: lines.reversed())
    #expect(try validate([reversed.path]).map(\.checksum) == whole.map(\.checksum))
  }

  @Test(arguments: 0..<6) func `Any lines are sorted by their bytes`(seed: Int) throws {
    var random = RandomSource(seed)
    let lines = (0..<random.number(0...2000)).map { _ in
      random.bytes(random.number(0...12), of: [0, 1, 0x20, 0x61, 0xFF])
    }
    let file = try TemporaryFile(lines.flatMap { $0 + [0x0A] })
    #expect(try sorted([file.path]) == lines.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test func `The lines of this package are sorted`() throws {
    let lines = try Corpus.files.flatMap(Corpus.lines).map { Array($0.utf8) }
    #expect(try sorted(Corpus.files) == lines.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test func `A negative number of lines is refused`() {
    #expect(throws: (any Error).self) { _ = try TeraGen.parse(["--", "-1"]) }
  }
}
