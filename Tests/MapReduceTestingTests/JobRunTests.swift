// SPDX-License-Identifier: Apache-2.0
import MapReduce
import MapReduceTesting
import Testing

@testable import Jobs

@Suite("Runs of jobs inside of tests")
struct JobRunTests {
  @Test("Lines are the last argument, and pairs are read with their types", arguments: [1, 2, 7])
  func lines(threads: Int) throws {
    let run = try JobRun(
      WordCount.self, ["--min-length", "3"], input: ["to be or not to be", "not now"],
      threads: threads)
    let pairs = try run.pairs("wordcount", as: (String, Int).self)
    #expect(pairs.elementsEqual([("not", 2), ("now", 1)], by: ==))
    #expect(run.resultNames == ["wordcount"])
    #expect(run.counters.isEmpty)
  }

  @Test("Each line is one, and no lines are an empty file")
  func eachLine() throws {
    let run = try JobRun(Grep.self, ["a"], input: ["a", "", "ba"])
    #expect(try run.keys("lines", as: String.self) == ["a", "ba"])
    #expect(try run.values("lines", as: [UInt8].self) == [[0x61], [0x62, 0x61]])
    #expect(try JobRun(Grep.self, ["a"], input: []).keys("lines", as: String.self).isEmpty)
  }

  @Test("Files stand for their names in braces, also inside of an argument")
  func files() throws {
    let run = try JobRun(
      Paired.self, ["--customers={customers.csv}", "{orders}", "{2}"],
      files: ["orders/1": "ada,3\nalan,4", "orders/2": "ada,5\n", "customers.csv": "ada\n"])
    let pairs = try run.pairs("paired", as: (String, Int).self)
    #expect(pairs.elementsEqual([("ada", 8)], by: ==))
    #expect(try run.values("note", as: String.self) == ["{2}"])
    #expect(try run.counter("orders") == 3)
    #expect(run.counters == ["orders": 3])
  }

  @Test("Dead letters are read with the names that the test gave to files")
  func letters() throws {
    let run = try JobRun(
      Revenue.self, ["{orders.csv}", "--customers", "{customers.csv}", "--allow-bad", "5"],
      files: [
        "orders.csv": "customer,cents\nc1,5\nc2,five\n", "customers.csv": "id,name,country\n",
      ])
    let letter = try #require(try run.letters("bad-orders").first)
    #expect(letter.place == "orders.csv:3" && letter.text == "c2,five")
    #expect(letter.what.hasPrefix("column 2 (cents) holds \"five\""))
    #expect(throws: JobError.self) { _ = try run.letters("revenue") }
  }

  @Test("A plan is run as it is, on values, on lines and on files")
  func plans() throws {
    let values = try JobRun { flow in
      flow.read(.values([3, 1, 2])).sorted().write(.result("sorted"))
    }
    #expect(try values.values("sorted", as: Int.self) == [1, 2, 3])
    let lines = try JobRun(input: ["b", "a"]) { flow, path in
      flow.read(.lines(path)).sorted().write(.result("sorted"))
    }
    #expect(try lines.keys("sorted", as: String.self) == ["a", "b"])
    let files = try JobRun(files: ["one": "1", "two": "2"]) { flow, paths in
      flow.read(.lines([paths["two"], paths["one"]])).write(.result("both"))
    }
    #expect(try files.values("both", as: String.self) == ["2", "1"])
  }

  @Test("A job reads results that the test gives, and those of another run")
  func earlier() throws {
    let customers = try EarlierResult.pairs("customers", [(9, "Alan"), (7, "Ada"), (9, "Grace")])
    let names = try EarlierResult.values("names", ["b", "a"])
    let lines = try EarlierResult.keys("lines", ["d", "c"])
    #expect(customers.name == "customers")
    let run = try JobRun(results: [customers, names, lines]) { flow in
      let pairs = flow.read(.result("customers", as: (Int, String).self))
      pairs.write(.result("pairs"))
      flow.read(.result("names", as: String.self)).write(.result("names"))
      flow.read(.result("lines", as: Bytes.self)).write(.result("lines"))
    }
    let pairs = try run.pairs("pairs", as: (Int, String).self)
    #expect(pairs.elementsEqual([(7, "Ada"), (9, "Alan"), (9, "Grace")], by: ==))
    #expect(try run.values("names", as: String.self) == ["b", "a"])
    #expect(try run.keys("lines", as: String.self) == ["c", "d"])
    let counts = try JobRun(WordCount.self, input: ["to be or not to be"])
    let top = try JobRun(TopWords.self, ["--keep", "2"], results: counts.results)
    let words = try top.pairs("top-words", as: (String, Int).self)
    #expect(words.elementsEqual([("be", 2), ("to", 2)], by: ==))
  }

  @Test("A result that was not given, or with other types, is told as the command would")
  func missing() throws {
    let absent = #expect(throws: JobError.self) { try JobRun(TopWords.self) }
    #expect(absent?.code == .noInput && absent?.advice?.contains("results: [") == true)
    let counts = try EarlierResult.pairs("wordcount", [("a", 1.5)])
    let other = #expect(throws: JobError.self) { try JobRun(TopWords.self, results: [counts]) }
    #expect(other?.code == .badInput)
    #expect(other?.message.contains("codec mismatch: result wordcount holds") == true)
  }

  @Test("Keys of several parts are read as tuples")
  func tuples() throws {
    let run = try JobRun { flow in
      flow.read(.values([("b", 1), ("a", 2), ("a", 1)] as [(String, Int)]))
        .keyed { pair in ((pair.0, pair.1), Double(pair.1)) }
        .reduce(+)
        .write(.result("pairs"))
    }
    let pairs = try run.pairs("pairs", as: ((String, Int), Double).self)
    #expect(pairs.map(\.0.0) == ["a", "a", "b"])
    #expect(pairs.map(\.0.1) == [1, 2, 1])
    #expect(pairs.map(\.1) == [1, 2, 1])
    let keys = try run.keys("pairs", as: Tuple<String, Int>.self)
    #expect(keys.map(\.parts.1) == [1, 2, 1])
  }
}

/// Adds up the orders of customers that are known.
private struct Paired: Job {
  @Option var customers: String
  @Argument var orders: String
  @Argument var note: String

  func plan(_ flow: Flow) {
    let found = flow.counter("orders")
    let orders = flow.read(.lines(orders)).compactMap { line -> Tuple<String, Int>? in
      found.add()
      var fields = line.fields(",")
      guard let name = fields.next(), let cents = fields.next().flatMap({ Int($0) }) else {
        return nil
      }
      return Tuple(String(name), cents)
    }
    flow.read(.lines(customers)).keyed { (String($0), true) }
      .join(
        orders.keyed { ($0.parts.0, $0.parts.1) }, to: (String, Int).self
      ) { name, _, cents, emit in emit(name, cents) }
      .reduce(+)
      .write(.result("paired"))
    flow.read(.values([note])).write(.result("note"))
  }
}
