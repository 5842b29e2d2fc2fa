// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Testing

@testable import MapReduce

/// Results of earlier jobs as the input of a plan in this process.
@Suite struct ResultSourceTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try save("made") { flow in
      let pairs = (0..<5000).map { ("k\($0 % 700)", $0) }
      let keyed = flow.read(.values(pairs)).keyed { $0 }
      keyed.write(.result("pairs"))
      keyed.reduce(+).write(.result("sums"))
      keyed.reduce(+).top(7).write(.result("top"))
      let elements = flow.read(.values(pairs)).map { $0.0 }
      elements.write(.result("elements"))
      elements.sorted().write(.result("sorted"))
      elements.distinct().write(.result("distinct"))
      flow.read(.values(Array(0..<5000))).sorted(by: { -$0 }).write(.result("backward"))
      flow.read(.values(pairs)).keyed { (($0.0, $0.1 % 3), Double($0.1)) }.write(.result("tuples"))
    }
  }

  private func save(
    _ name: String, _ body: @escaping @Sendable (Flow) throws -> Void
  ) throws {
    try SavedResultTests.save("\(directory.path)/\(name)", body)
  }

  private func run(
    threads: Int = 2, _ places: [String]? = nil,
    _ body: @escaping @Sendable (Flow) throws -> Void
  ) throws -> JobResult {
    let results = EarlierResults(savedIn: places ?? ["\(directory.path)/made"])
    return try InlineRunner(threads: threads, results: results).run(Plan(PlannedJob(body)))
  }

  private func expectError(
    _ code: JobError.Code, naming words: String..., places: [String]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: @escaping @Sendable (Flow) throws -> Void
  ) {
    let error = #expect(throws: JobError.self, sourceLocation: sourceLocation) {
      _ = try run(places, body)
    }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    for word in words {
      #expect(
        error?.description.contains(word) == true,
        "\(word) is not in: \(error?.description ?? "nothing")",
        sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [1, 3]) func `Every shape is read as it was written`(threads: Int) throws {
    let result = try run(threads: threads) { flow in
      flow.read(.result("pairs", as: (String, Int).self)).reduce(+).write(.result("sums"))
      flow.read(.result("sums", as: (Bytes, Int).self)).map { "\($0) \($1)" }.sorted()
        .write(.result("text"))
      flow.read(.result("top", as: (String, Int).self)).write(.result("top"))
      flow.read(.result("elements", as: String.self)).sorted().write(.result("elements"))
      flow.read(.result("sorted", as: String.self)).distinct().write(.result("distinct"))
      flow.read(.result("distinct", as: Bytes.self)).write(.result("bytes"))
      flow.read(.result("tuples", as: ((String, Int), Double).self))
        .map { ($0.parts.0, $1) }.keyed { $0 }.reduce(+).write(.result("tuples"))
      flow.read(.result("backward", as: Int.self)).write(.result("backward"))
    }
    var sums: [(String, Int)] = (0..<700).map { ("k\($0)", 0) }
    for number in 0..<5000 { sums[number % 700].1 += number }
    sums.sort { $0.0 < $1.0 }
    #expect(try result.pairs("sums", as: (String, Int).self).elementsEqual(sums, by: ==))
    let text = sums.map { "\($0.0) \($0.1)" }.sorted()
    #expect(try result.keys("text", as: String.self) == text)
    #expect(try result.values("backward", as: Int.self) == (0..<5000).reversed())
    #expect(try result.pairs("top", as: (String, Int).self).count == 7)
    #expect(try result.keys("elements", as: String.self).count == 5000)
    let words = sums.map { $0.0 }
    #expect(try result.keys("distinct", as: String.self) == words)
    #expect(try result.keys("bytes", as: String.self).sorted() == words)
    let doubles = try result.pairs("tuples", as: (String, Double).self)
    #expect(doubles.map { $0.0 } == words && doubles.map { $0.1 } == sums.map { Double($0.1) })
  }

  @Test func `A result can be an input of a stage with others, a broadcast, and of rounds`() throws
  {
    let result = try run { flow in
      let sums = flow.read(.result("sums", as: (String, Int).self))
      let pairs = flow.read(.result("pairs", as: (String, Int).self))
      pairs.join(sums) { _, number, sum in number <= sum ? 1 : 0 }
        .values.keyed { ("n", $0) }.reduce(+).write(.result("joined"))
      sums.iterate(upTo: 3) { $0.mapValues { $0 + 1 } }.write(.result("later"))
      let top = flow.read(.result("top", as: (String, Int).self)).broadcast()
      flow.read(.values([0])).map(with: top) { _, top in top.count }.write(.result("handed"))
    }
    #expect(try result.values("joined", as: Int.self) == [5000])
    let later = try result.values("later", as: Int.self).reduce(0, +)
    #expect(later == 4999 * 2500 + 3 * 700)
    #expect(try result.values("handed", as: Int.self) == [7])
  }

  @Test func `What is read meets in the order that the partitions themselves would give`() throws {
    let plan: @Sendable (Flow) -> Void = { flow in
      let numbers: [Double] = (0..<40_000).map { 1 / Double($0 + 1) }
      flow.read(.values(numbers))
        .keyed { ("a long key, so that there are several splits: \(Int(1 / $0) % 11)", $0) }
        .write(.result("hashed"))
      flow.read(.values(numbers)).sorted().write(.result("sorted"))
    }
    try save("numbers", plan)
    let made = try MapReduceTests.run(plan)
    let given = EarlierResults(given: made.outputs, advice: "")
    let saved = EarlierResults(savedIn: ["\(directory.path)/numbers"])
    let reader: @Sendable (Flow) -> Void = { flow in
      let hashed = flow.read(.result("hashed", as: (String, Double).self)).values
      hashed.write(.result("order"))
      hashed.keyed { (0, $0) }.reduce(+).write(.result("sum"))
      flow.read(.result("sorted", as: Double.self)).keyed { (0, $0) }.reduce(+)
        .write(.result("sorted"))
    }
    let one = try InlineRunner(threads: 3, results: given).run(Plan(PlannedJob(reader)))
    let other = try InlineRunner(threads: 2, results: saved).run(Plan(PlannedJob(reader)))
    for (a, b) in zip(one.outputs, other.outputs) {
      let agree = try a.encoded() == b.encoded()
      #expect(agree, "\(a.name)")
      #expect(a.records > 0)
    }
  }

  @Test func `Records that do not fit into memory are read from scratch`() throws {
    let few = try MemoryBudget(limit: MemoryBudget.limitMinimum, scratch: directory.path)
    let results = EarlierResults(savedIn: ["\(directory.path)/large"])
    try save("large") { flow in
      flow.read(.values(Array(0..<3000)))
        .keyed { ($0, String(repeating: "x", count: 40_000)) }.write(.result("large"))
    }
    let plan = try Plan("reads") { flow in
      flow.read(.result("large", as: (Int, String).self)).mapValues { $0.utf8.count }
        .write(.result("lengths"))
    }
    let result = try InlineRunner(threads: 2, memory: few, results: results).run(plan)
    #expect(try result.values("lengths", as: Int.self) == Array(repeating: 40_000, count: 3000))
    #expect(result.spilledBytes > 0)
  }

  @Test func `A result that nobody named, or that is not there, is told with what to do`() {
    let body: @Sendable (Flow) -> Void = { flow in
      flow.read(.result("absent", as: (String, Int).self)).write(.result("r"))
    }
    expectError(
      .noInput, naming: "reads the result absent", "--results DIR", "ResultSourceTests.swift",
      places: [], body)
    expectError(.noInput, naming: "absent", directory.path, places: [directory.path], body)
  }

  @Test func `A name in several places is refused`() throws {
    try save("more") { $0.read(.values([1])).write(.result("elements")) }
    let places = ["\(directory.path)/made", "\(directory.path)/more"]
    expectError(
      .usage, naming: "several results called elements", places[0], places[1], places: places
    ) { $0.read(.result("elements", as: String.self)).write(.result("r")) }
  }

  @Test func `Other types than those that are stored are refused, with both`() {
    expectError(
      .badInput, naming: "codec mismatch", "made/sums", "(string, int64) pairs",
      "(string, double) pairs"
    ) { $0.read(.result("sums", as: (String, Double).self)).write(.result("r")) }
    expectError(.badInput, naming: "codec mismatch", "(int64, int64) pairs") { flow in
      flow.read(.result("sums", as: (Int, Int).self)).write(.result("r"))
    }
    expectError(.badInput, naming: "string elements", "(string, int64) pairs") { flow in
      flow.read(.result("sums", as: String.self)).write(.result("r"))
    }
    expectError(.badInput, naming: "string elements", "(string, int64) pairs") { flow in
      flow.read(.result("elements", as: (String, Int).self)).write(.result("r"))
    }
    // Views need bytes that lie where keys do.
    expectError(.badInput, naming: "bytes elements that are their own keys") { flow in
      flow.read(.result("elements", as: Bytes.self)).write(.result("r"))
    }
    expectError(.badInput, naming: "[string] elements without keys") { flow in
      flow.read(.result("sorted", as: [String].self)).write(.result("r"))
    }
  }

  @Test func `A saved result has one version, and instants have to be some`() {
    expectError(.usage, naming: "sums@12", "cluster") { flow in
      flow.read(.result("sums", as: (String, Int).self, asOf: .version(12))).write(.result("r"))
    }
    expectError(.usage, naming: "sums as of 2026-11-23T10:14:03.000000Z", "cluster") { flow in
      let then = try AsOf.instant("2026-11-23T10:14:03Z")
      flow.read(.result("sums", as: (String, Int).self, asOf: then)).write(.result("r"))
    }
    expectError(.usage, naming: "\"yesterday\" is no instant") { flow in
      flow.read(.result("elements", as: String.self, asOf: try .instant("yesterday")))
        .write(.result("r"))
    }
    expectError(.usage, naming: "a result cannot be named \"../sums\"") { flow in
      flow.read(.result("../sums", as: String.self)).write(.result("r"))
    }
  }

  @Test func `A damaged result is an error wherever it is damaged`() throws {
    let bytes = try directory.bytes("made/sums/part-00000.run")
    _ = try directory.makeDirectory("damaged")
    _ = try directory.makeDirectory("damaged/sums")
    var refused = 0
    for place in stride(from: 0, to: bytes.count, by: 97) {
      var damaged = bytes
      damaged[place] ^= 0x10
      try directory.write("damaged/sums/part-00000.run", damaged)
      do {
        _ = try run(["\(directory.path)/damaged"]) { flow in
          flow.read(.result("sums", as: (String, Int).self)).write(.result("r"))
        }
      } catch let error as JobError {
        refused += 1
        #expect(error.code == .badInput, "byte \(place): \(error)")
      }
    }
    #expect(refused == (bytes.count + 96) / 97)
  }

  @Test func `A plan tells what it reads, and its fingerprint holds all that is asked for`() throws
  {
    func plan(_ name: String, _ asOf: AsOf) throws -> PlanDescription {
      try Plan("reads") { flow in
        flow.read(.result(name, as: (String, Int).self, asOf: asOf)).write(.result("r"))
      }.description
    }
    let other = try Plan("reads") { flow in
      flow.read(.result("sums", as: (String, Double).self)).write(.result("r"))
    }
    let plans = [
      try plan("sums", .latest), try plan("other", .latest), try plan("sums", .version(3)),
      try plan("sums", .version(4)), try plan("sums", .instant("2026-11-23T10:14:03Z")),
      other.description,
    ]
    #expect(Set(plans.map(\.fingerprint)).count == plans.count)
    #expect(try plan("sums", .latest).fingerprint == plans[0].fingerprint)
    #expect(plans[2].text.contains("reads result sums@3: (string, int64) pairs"))
    #expect(plans[2].text.contains("result   ResultSourceTests.swift:"))
  }

  @Test func `What would be read is told without running`() throws {
    let plan = try Plan("reads") { flow in
      flow.read(.result("sums", as: (String, Int).self)).write(.result("r"))
    }
    let here = EarlierResults(savedIn: ["\(directory.path)/made"])
    #expect(
      try here.lines(for: plan.description) == [
        "result sums: \(directory.path)/made/sums, 700 records, (string, int64) pairs, by key"
      ])
    #expect(try EarlierResults(savedIn: []).lines(for: plan.description).isEmpty)
    #expect(throws: JobError.self) {
      try EarlierResults(savedIn: ["\(directory.path)/nowhere"]).lines(for: plan.description)
    }
  }

  @Test func `A preview reads the beginning of a result`() throws {
    var manner = RunManner()
    manner.readsBeginnings = true
    try save("long") { $0.read(.values(Array(0..<200_000))).write(.result("long")) }
    let results = EarlierResults(savedIn: ["\(directory.path)/long"])
    let plan = try Plan("reads") { $0.read(.result("long", as: Int.self)).write(.result("r")) }
    let result = try InlineRunner(threads: 2, manner: manner, results: results).run(plan)
    let found = try result.values("r", as: Int.self)
    #expect((1000..<200_000).contains(found.count))
    #expect(found == Array(0..<found.count))
  }
}
