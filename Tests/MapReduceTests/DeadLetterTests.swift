// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

private struct Refused: Error {}

/// A dead letter as a test compares it.
struct Letter: Hashable, CustomStringConvertible {
  var place: String
  var what: String
  var record: String
  var description: String { "\(place) \(what) \(record)" }
}

extension JobResult {
  func letters(_ name: String = "bad") throws -> [Letter] {
    var found: [Letter] = []
    try output(name).first(.max) { key, value in
      var reader = RecordReader(value)
      found.append(
        Letter(
          place: String(key), what: String(try reader.counted()),
          record: String(try reader.counted())))
      #expect(reader.isAtEnd)
    }
    return found
  }
}

@Suite struct DeadLetterTests {
  private static let here = "DeadLetterTests.swift"

  private static func checked(_ line: Bytes) throws -> Bytes {
    if line.hasPrefix(Bytes("bad")) { throw Refused() }
    return line
  }

  private static func letter(_ place: String, _ record: String, line: Int) -> Letter {
    Letter(
      place: place,
      what: "a closure threw MapReduceTests.(unknown context at $X).Refused()"
        + " (\(here):\(line))", record: record)
  }

  /// Types of this file have a number in their name that nobody knows before.
  private func plain(_ letters: [Letter]) -> [Letter] {
    letters.map { letter in
      var letter = letter
      if let begin = letter.what.firstRange(of: "at $")?.upperBound,
        let end = letter.what.firstRange(of: ").Refused")?.lowerBound, begin < end
      {
        letter.what.replaceSubrange(begin..<end, with: "X")
      }
      return letter
    }
  }

  /// Lines of which about one in `one` is bad, enough for several splits.
  private static func lines(_ count: Int, badOneIn one: Int, _ seed: Int) -> [String] {
    var random = RandomSource(seed)
    return (1...count).map { number in
      (random.number(1...one) == 1 ? "bad " : "good ") + "\(number) "
        + String(repeating: "x", count: random.number(0...60))
    }
  }

  /// Steps that throw at bad lines, each said to stand at line 1, 2 and so on.
  private static let steps: [@Sendable (Dataset<Bytes>) -> Dataset<String>] = [
    { $0.map({ try checked($0) }, line: 1).map { "\($0)" } },
    { $0.filter({ try checked($0).count > 0 }, line: 2).map { "\($0)" } },
    { $0.compactMap({ try checked($0) }, line: 3).map { "\($0)" } },
    { $0.flatMap({ [try checked($0)] }, line: 4).map { "\($0)" } },
    { lines in
      lines.flatMap({ line, emit in emit(try checked(line), 1) }, line: 5).map { line, _ in
        "\(line)"
      }
    },
    { $0.keyed({ ("\(try checked($0))", 1) }, line: 6).map { line, _ in line } },
    {
      $0.keyed({ ("\(try checked($0))", 1) }, line: 7).mapValues { $0 + 1 }.map { line, _ in line }
    },
  ]

  @Test(arguments: steps.indices) func `Bad lines become letters, and all others the result`(
    index: Int
  ) throws {
    let directory = try TemporaryDirectory()
    let lines = Self.lines(60_000, badOneIn: 150, index)
    let path = try directory.write("input.txt", lines.map { $0 + "\n" }.joined())
    let result = try runOnAnyThreads { flow in
      Self.steps[index](flow.read(.lines(path))).onError(.deadLetter("bad"))
        .write(.result("good"))
    }
    #expect(try result.values("good", as: String.self) == lines.filter { $0.hasPrefix("good") })
    let wanted = lines.enumerated().filter { $1.hasPrefix("bad") }.map {
      Self.letter("\(path):\($0 + 1)", $1, line: index + 1)
    }
    #expect(try plain(result.letters()) == wanted)
  }

  @Test func `A record gives all that comes of it, or nothing`() throws {
    let result = try runOnAnyThreads { flow in
      flow.read(.values(["1 2 3", "4 x 5", "6", "7 8 x", "x", "9 10"]))
        .flatMap { $0.split(separator: " ").map { String($0) } }
        .map { text in
          guard let number = Int(text) else { throw JobError(.badInput, "\(text) is no number") }
          return number
        }
        .onError(.deadLetter("bad"), line: 3).write(.result("numbers"))
    }
    #expect(try result.values("numbers", as: Int.self) == [1, 2, 3, 6, 9, 10])
    #expect(
      try result.letters().map { "\($0.place): \($0.record)" } == [
        "value 2: 4 x 5", "value 4: 7 8 x", "value 5: x",
      ])
  }

  @Test func `Pairs that a record has emitted are left out with it`() throws {
    let result = try runOnAnyThreads { flow in
      flow.read(.values(Array(0..<500)))
        .flatMap(to: (String, Int).self) { number, emit in
          for index in 0..<number { emit("\(index % 7)", number) }
          if number % 5 == 0 { throw Refused() }
        }
        .mapValues { value in
          if value % 3 == 0 { throw Refused() }
          return value
        }
        .filter { _, value in
          if value % 11 == 0 { throw Refused() }
          return true
        }
        .onError(.deadLetter("bad")).reduce(+).write(.result("sums"))
    }
    let good = (0..<500).filter { $0 % 5 != 0 && $0 % 3 != 0 && $0 % 11 != 0 }
    var sums: [String: Int] = [:]
    for number in good { for index in 0..<number { sums["\(index % 7)", default: 0] += number } }
    let found = try result.pairs("sums", as: (String, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: found) == sums)
    #expect(try result.letters().count == 500 - good.count)
  }

  @Test func `Each onError takes what fails between the one before and itself`() throws {
    let result = try runOnAnyThreads { flow in
      flow.read(.values(Array(0..<100)))
        .map { number in
          if number % 7 == 0 { throw Refused() }
          return number
        }
        .onError(.deadLetter("first"))
        .keyed { ("\($0 % 4)", $0) }
        .mapValues { number in
          if number % 5 == 0 { throw Refused() }
          return number
        }
        .onError(.deadLetter("second"))
        .flatMap(to: (String, Int).self) { key, number, emit in
          emit(key, number)
          emit(key, 1000)
          if number % 3 == 0 { throw Refused() }
        }
        .onError(.deadLetter("third"))
        .map { _, number in number }.write(.result("numbers"))
    }
    let first = (0..<100).filter { $0 % 7 == 0 }
    let second = (0..<100).filter { $0 % 7 != 0 && $0 % 5 == 0 }
    let third = (0..<100).filter { $0 % 7 != 0 && $0 % 5 != 0 && $0 % 3 == 0 }
    for (name, wanted) in [("first", first), ("second", second), ("third", third)] {
      #expect(try result.letters(name).map(\.record) == wanted.map { "\($0)" })
    }
    let good = (0..<100).filter { !(first + second + third).contains($0) }
    #expect(try result.values("numbers", as: Int.self) == good.flatMap { [$0, 1000] })
  }

  @Test func `What fails behind onError ends the job`() throws {
    for threads in [1, 3] {
      let error = #expect(throws: JobError.self) {
        _ = try run(threads: threads) { flow in
          flow.read(.values(Array(0..<100))).onError(.deadLetter("bad"), line: 1).map(
            { number in
              if number == 60 { throw Refused() }
              return number
            }, line: 2
          ).write(.result("numbers"))
        }
      }
      #expect(error?.location == "\(Self.here):2")
      #expect(error?.record == "\"60\"")
    }
  }

  @Test func `What must not fail is not taken by a later onError`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([1, 2, 3])).map { number in
          if number == 2 { throw Refused() }
          return number
        }
        .onError(.fail).map { $0 + 1 }.onError(.deadLetter("bad")).write(.result("numbers"))
      }
    }
    #expect(error?.record == "\"2\"")
    #expect(error?.code == .failed)
  }

  @Test(arguments: [0, 1, 40]) func `As many letters as allowed, and no more`(limit: Int) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("in", (0..<40).map { "bad \($0)\n" }.joined())
    let plan: @Sendable (Flow) -> Void = { flow in
      flow.read(.lines([path])).map { try Self.checked($0).count }
        .onError(.deadLetter("bad", limit: limit), line: 9).write(.result("r"))
    }
    if limit == 40 {
      #expect(try run(plan).letters().count == 40)
      return
    }
    let error = #expect(throws: JobError.self) { _ = try run(plan) }
    #expect(error?.code == .badInput)
    #expect(
      error?.message == "more than \(limit) \(limit == 1 ? "record" : "records") failed, and bad"
        + " takes no more")
    #expect(error?.location == "\(Self.here):9")
    #expect(error?.record?.contains("\"bad \(limit)\"") == true)
  }

  @Test func `Letters are counted over all splits`() throws {
    let directory = try TemporaryDirectory()
    let lines = Self.lines(60_000, badOneIn: 300, 5)
    let bad = lines.count { $0.hasPrefix("bad") }
    let path = try directory.write("in", lines.map { $0 + "\n" }.joined())
    for (limit, isEnough) in [(bad, true), (bad - 1, false)] {
      let outcome = Result {
        try run { flow in
          flow.read(.lines(path)).map { try Self.checked($0).count }
            .onError(.deadLetter("bad", limit: limit)).write(.result("r"))
        }
      }
      #expect(((try? outcome.get()) != nil) == isEnough)
    }
  }

  @Test func `Closures count once`() throws {
    let result = try run { flow in
      let seen = flow.counter("seen")
      flow.read(.values(Array(0..<10))).map { number in
        seen.add()
        if number == 3 { throw Refused() }
        return number
      }
      .onError(.deadLetter("bad")).write(.result("numbers"))
    }
    #expect(result.counters.map { "\($0.name) \($0.value)" } == ["seen 10"])
  }

  @Test func `Letters of each side of a join, of a union, and before a sort`() throws {
    let result = try runOnAnyThreads { flow in
      func side(_ name: String, _ modulus: Int) -> Keyed<Int, Int> {
        flow.read(.values(Array(0..<30))).keyed { number in
          if number % modulus == 0 { throw Refused() }
          return (number, number)
        }.onError(.deadLetter(name))
      }
      side("left", 3).join(side("right", 5)) { _, own, other in own + other }
        .write(.result("joined"))
      side("one", 2).union(side("other", 3)).countByKey().write(.result("counts"))
      flow.read(.values(Array(0..<30))).map { number in
        if number % 4 == 0 { throw Refused() }
        return -number
      }.onError(.deadLetter("unsorted")).sorted().write(.result("sorted"))
    }
    func multiples(_ modulus: Int) -> [String] {
      stride(from: 0, to: 30, by: modulus).map { "\($0)" }
    }
    for (name, modulus) in [("left", 3), ("right", 5), ("one", 2), ("other", 3), ("unsorted", 4)] {
      #expect(try result.letters(name).map(\.record) == multiples(modulus))
    }
    #expect(
      try result.pairs("joined", as: (Int, Int).self).map(\.0)
        == (0..<30).filter { $0 % 3 != 0 && $0 % 5 != 0 })
    #expect(
      try result.pairs("counts", as: (Int, Int).self).map(\.1).reduce(0, +) == 15 + 20)
    #expect(
      try result.keys("sorted", as: Int.self)
        == (0..<30).reversed().filter { $0 % 4 != 0 }.map { -$0 })
  }

  @Test func `Pairs of an earlier stage are shown by their keys`() throws {
    let result = try runOnAnyThreads { flow in
      flow.read(.values(["a", "b", "a", "c"])).keyed { ($0, 1) }.reduce(+)
        .mapValues { count in
          if count > 1 { throw Refused() }
          return count
        }
        .onError(.deadLetter("bad")).write(.result("once"))
    }
    #expect(try result.letters().map { "\($0.place)|\($0.record)" } == ["|a"])
    #expect(try result.pairs("once", as: (String, Int).self).map(\.0) == ["b", "c"])
  }

  @Test func `A long record is cut`() throws {
    let directory = try TemporaryDirectory()
    let long = "bad" + String(repeating: "y", count: 200_000)
    let path = try directory.write("in", "good\n\(long)\ngood\n")
    let result = try run { flow in
      flow.read(.lines(path)).map { try Self.checked($0).count }.onError(.deadLetter("bad"))
        .write(.result("counts"))
    }
    #expect(try result.letters().map(\.record) == [String(long.prefix(64 << 10))])
    #expect(try result.values("counts", as: Int.self) == [4, 4])
  }

  @Test func `Rounds have no letters`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try Plan("job") { flow in
        flow.read(.values([1])).keyed { ($0, $0) }.reduce(+)
          .iterate(upTo: 2) { $0.mapValues { $0 + 1 }.onError(.deadLetter("bad")) }
          .write(.result("r"))
      }
    }
    #expect(error?.message == "a round of an iteration cannot have dead letters")
    #expect(error?.code == .usage)
  }

  @Test func `Two onErrors with one name are told`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([1])).onError(.deadLetter("bad")).map { $0 }.onError(.deadLetter("bad"))
          .write(.result("r"))
      }
    }
    #expect(error?.message.contains("two results named bad") == true)
  }
}
