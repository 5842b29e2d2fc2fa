// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct SavedResultTests {
  /// Runs a plan and saves its results.
  static func save(
    _ path: String, format: SaveFormat = .runs, threads: Int = 2,
    _ body: @escaping @Sendable (Flow) throws -> Void
  ) throws {
    let writer = try ResultWriter(
      to: path, format: format, threads: threads, cancellation: Cancellation())
    try writer.write(try run(body), job: "planned")
  }

  static func read(_ saved: SavedResult, _ selection: RecordSelection) throws
    -> [EncodedRecord]
  {
    var found: [EncodedRecord] = []
    try saved.forEach(selection) { key, value in
      found.append(EncodedRecord(key: Array(key), value: Array(value)))
      return true
    }
    return found
  }

  private func keys<K: Key>(
    _ saved: SavedResult, _ selection: RecordSelection, as: K.Type
  ) throws -> [K] {
    try Self.read(saved, selection).map { try decodedKey($0.key, as: K.self) }
  }

  @Test func `Text keys are found whole, by key and by prefix, over many blocks`() throws {
    let directory = try TemporaryDirectory()
    let words = (0..<30_000).map { "word \($0 * 7 % 30_000)" }
    let plan: @Sendable (Flow) -> Void = { flow in
      flow.read(.values(words)).keyed { ($0, $0 + " and a tail") }.write(.result("r"))
    }
    try Self.save(directory.path + "/one", threads: 1, plan)
    try Self.save(directory.path + "/three", threads: 3, plan)
    #expect(
      try directory.bytes("one/r/part-00000.run") == directory.bytes("three/r/part-00000.run"))
    let saved = try SavedResult(directory.path + "/one/r")
    #expect(saved.name == "r" && saved.records == 30_000 && saved.schema.key == .string)
    let all = try Self.read(saved, .all)
    #expect(all == (try run(plan).output("r").encoded()))
    var random = RandomSource(3)
    let sorted = words.sorted()
    for word in [sorted[0], sorted[29_999], "word 12345"]
      + (0..<40).map({ _ in sorted[random.number(0...29_999)] })
    {
      #expect(try keys(saved, .key(word), as: String.self) == [word])
    }
    for absent in ["", "word", "word 30000", "zzz", "word 1 "] {
      #expect(try keys(saved, .key(absent), as: String.self) == [])
    }
    for prefix in ["", "w", "word 12", "word 299", "x", "word 9999"] {
      #expect(
        try keys(saved, .prefix(prefix), as: String.self) == sorted.filter { $0.hasPrefix(prefix) })
    }
    var seen = 0
    try saved.forEach(.all) { _, _ in
      seen += 1
      return seen < 10
    }
    #expect(seen == 10)
  }

  @Test func `Equal keys over many blocks are all found`() throws {
    let directory = try TemporaryDirectory()
    let long = String(repeating: "v", count: 1000)
    try Self.save(directory.path + "/out") { flow in
      flow.read(.values(Array(0..<3000))).keyed { ($0 / 1000, long + "\($0)") }.write(.result("r"))
    }
    let saved = try SavedResult(directory.path + "/out/r")
    for key in 0..<3 {
      let found = try Self.read(saved, .key("\(key)"))
      #expect(found.count == 1000)
      let values = try found.map { try decodedValue($0.value, as: String.self) }
      #expect(values == (1000 * key..<1000 * key + 1000).map { long + "\($0)" })
    }
    #expect(try Self.read(saved, .key("3")).isEmpty)
    #expect(try Self.read(saved, .key("-1")).isEmpty)
    let junk = #expect(throws: JobError.self) { _ = try Self.read(saved, .key("one")) }
    #expect(junk?.code == .usage)
    let prefix = #expect(throws: JobError.self) { _ = try Self.read(saved, .prefix("1")) }
    #expect(prefix?.code == .usage)
  }

  @Test func `Tuple keys are found by all parts and by their first parts`() throws {
    let directory = try TemporaryDirectory()
    let numbers = Array(-50..<50)
    try Self.save(directory.path + "/out") { flow in
      flow.read(.values(numbers)).keyed { (($0 % 3, "name \($0)"), $0) }.reduce(+).write(
        .result("r"))
    }
    let saved = try SavedResult(directory.path + "/out/r")
    typealias Pair = Tuple<Int, String>
    #expect(try keys(saved, .key("-2\tname -5"), as: Pair.self).map(\.parts.1) == ["name -5"])
    #expect(try keys(saved, .key("0\tname -5"), as: Pair.self).isEmpty)
    let found = try keys(saved, .prefix("1\tname 1"), as: Pair.self).map(\.parts.1)
    #expect(
      found
        == numbers.filter { $0 % 3 == 1 && "\($0)".hasPrefix("1") }.map { "name \($0)" }.sorted())
    #expect(try keys(saved, .prefix("1\t"), as: Pair.self).count == numbers.count { $0 % 3 == 1 })
  }

  @Test func `A result without keys is only read whole`() throws {
    let directory = try TemporaryDirectory()
    try Self.save(directory.path + "/out") { flow in
      let source = flow.read(.values(["b", "a", "c"]))
      source.write(.result("values"))
      source.top(2).write(.result("top"))
      source.filter { _ in false }.write(.result("none"))
      source.keyed { ($0, $0.utf8.count) }.top(3).write(.result("rank"))
    }
    let saved = try SavedResult(directory.path + "/out/values")
    let values = try Self.read(saved, .all).map { try decodedValue($0.value, as: String.self) }
    #expect(values == ["b", "a", "c"])
    for selection in [RecordSelection.key("a"), .prefix("a")] {
      let error = #expect(throws: JobError.self) { _ = try Self.read(saved, selection) }
      #expect(error?.code == .usage)
    }
    let none = try SavedResult(directory.path + "/out/none")
    #expect(none.records == 0)
    #expect(try Self.read(none, .all).isEmpty)
    // Where records are not in key order, a key is still found.
    let rank = try SavedResult(directory.path + "/out/rank")
    #expect(try keys(rank, .key("c"), as: String.self) == ["c"])
  }

  @Test func `Digests tell results apart, not how they were made`() throws {
    let directory = try TemporaryDirectory()
    for (index, numbers) in [Array(0..<100), Array((0..<100).reversed()), Array(0..<101)]
      .enumerated()
    {
      try Self.save(directory.path + "/\(index)", threads: index + 1) { flow in
        flow.read(.values(numbers)).sorted().write(.result("r"))
      }
    }
    let digests = try (0..<3).map { try SavedResult(directory.path + "/\($0)/r").digest }
    #expect(digests[0] == digests[1] && digests[0] != digests[2])
  }

  @Test func `Every flipped bit of a saved result is noticed`() throws {
    let directory = try TemporaryDirectory()
    try Self.save(directory.path + "/out") { flow in
      flow.read(.values(["b", "a", "b"])).keyed { ($0, 1) }.reduce(+).write(.result("r"))
    }
    let bytes = try directory.bytes("out/r/part-00000.run")
    var unnoticed: [String] = []
    for index in bytes.indices {
      for bit in [0, 3, 7] as [UInt8] {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        try directory.write("out/r/part-00000.run", damaged)
        do {
          _ = try Self.read(try SavedResult(directory.path + "/out/r"), .all)
          unnoticed.append("\(index).\(bit)")
        } catch let error as JobError {
          #expect(error.code == .badInput)
        }
      }
    }
    #expect(unnoticed == [], "of \(bytes.count) bytes")
  }

  @Test func `A file that was cut short, or is none, is an error`() throws {
    let directory = try TemporaryDirectory()
    try Self.save(directory.path + "/out") { flow in
      flow.read(.values(["b", "a", "b"])).keyed { ($0, 1) }.reduce(+).write(.result("r"))
    }
    let bytes = try directory.bytes("out/r/part-00000.run")
    for count in 0..<bytes.count {
      try directory.write("out/r/part-00000.run", bytes.prefix(count))
      let error = #expect(throws: JobError.self) { _ = try SavedResult(directory.path + "/out/r") }
      #expect(error?.code == .badInput)
    }
    for (path, code) in [("/none", JobError.Code.noInput), ("/out", .noInput)] {
      let error = #expect(throws: JobError.self) { _ = try SavedResult(directory.path + path) }
      #expect(error?.code == code)
    }
    try Self.save(directory.path + "/text", format: .text(.csv)) { flow in
      flow.read(.values([1])).write(.result("r"))
    }
    let error = #expect(throws: JobError.self) { _ = try SavedResult(directory.path + "/text/r") }
    #expect(error?.code == .badInput && error?.message.contains("text") == true)
  }
}
