// SPDX-License-Identifier: Apache-2.0
import MapReduce
import MapReduceTesting
import Testing

@testable import Jobs

@Suite("What a run in a test says when something is wrong")
struct JobRunErrorTests {
  /// The error that `body` throws.
  private func error(_ body: () throws -> some Any) throws -> JobError {
    try #require(throws: JobError.self) { _ = try body() }
  }

  @Test("Another type than the result's is told together with it")
  func types() throws {
    let run = try JobRun(WordCount.self, input: ["a"])
    let value = try error { try run.pairs("wordcount", as: (String, Double).self) }
    #expect(value.message.contains("(bytes, int64) pairs"))
    #expect(value.message.contains("(string, double) pairs"))
    for other in [
      try error { try run.pairs("wordcount", as: (Int, Int).self) },
      try error { try run.keys("wordcount", as: Int.self) },
      try error { try run.values("wordcount", as: UInt8.self) },
      try error { try run.values("wordcount", as: [Bool].self) },
      // A view would outlive the run.
      try error { try run.keys("wordcount", as: Bytes.self) },
    ] {
      #expect(other.code == .usage)
      #expect(other.message.hasPrefix("result wordcount holds (bytes, int64) pairs"))
    }
    #expect(try run.keys("wordcount", as: [UInt8].self) == [[0x61]])
  }

  @Test("Elements are not read as pairs, nor values as keys")
  func shapes() throws {
    let run = try JobRun { flow in
      flow.read(.values([1])).write(.result("numbers"))
      flow.read(.values([1])).sorted().write(.result("sorted"))
    }
    for name in ["numbers", "sorted"] {
      let found = try error { try run.pairs(name, as: (Int, Int).self) }
      #expect(found.message.contains("int64 elements"))
    }
    #expect(try error { try run.keys("numbers", as: Int.self) }.code == .usage)
    #expect(try run.keys("sorted", as: Int.self) == [1])
  }

  @Test("A Codable type that others have written is an error, not another value")
  func tagged() throws {
    let run = try JobRun { flow in
      flow.read(.values([Visit(page: "/")])).write(.result("visits"))
    }
    #expect(try run.values("visits", as: Visit.self).map(\.page) == ["/"])
    let found = try error { try run.values("visits", as: Order.self) }
    #expect(found.message.contains("visits"))
    #expect(found.message.contains("Order"))
  }

  @Test("What is not there is told with what is")
  func missing() throws {
    let run = try JobRun(Grep.self, ["a"], input: ["a"])
    let result = try error { try run.keys("line", as: String.self) }
    #expect(result.code == .noInput)
    #expect(result.message.contains("line"))
    #expect(result.advice == "the job writes lines, count")
    #expect(try error { try run.counter("bad") }.advice == "the job counts nothing")
    let counting = try JobRun(TriangleCount.self, input: ["1 2"])
    let counter = try error { try counting.counter("triangle") }
    #expect(counter.advice == "the job counts lines without two nodes, triangles")
  }

  @Test("What a closure throws names the operator, and the line of the test's own file")
  func thrown() throws {
    let lines = try error {
      try JobRun(input: ["a", "b"]) { flow, path in
        flow.read(.lines(path))
          .map { line in
            if line.contains("b") { throw JobError(.badInput, "no b here") }
            return String(line)
          }
          .write(.result("lines"))
      }
    }
    #expect(lines.code == .badInput)
    #expect(lines.message == "no b here")
    #expect(lines.location?.contains("JobRunErrorTests.swift") == true)
    #expect(lines.record == "input:2  \"b\"")
    let files = try error {
      try JobRun(files: ["a/b": "x"]) { flow, paths in
        flow.read(.lines(paths["a/c"])).write(.result("lines"))
      }
    }
    #expect(files.code == .noInput)
    #expect(files.message.hasPrefix("cannot read a/c: "))
  }

  @Test("Arguments that the job does not take, and names that no file has, are usage errors")
  func arguments() throws {
    let unknown = try error { try JobRun(WordCount.self, ["--least", "2"], input: []) }
    #expect(unknown.code == .usage)
    #expect(unknown.message.contains("--least"))
    #expect(try error { try JobRun(Grep.self, [""], input: []) }.message.contains("empty"))
    for name in ["", "/a", "a//b", "../a", "a/"] {
      let found = try error { try JobRun(WordCount.self, files: [name: ""]) }
      #expect(found.code == .usage)
    }
    #expect(try error { try JobRun { _ in } }.message.contains("writes no result"))
  }
}

private struct Visit: Codable, Record {
  var page: String
}

private struct Order: Codable, Record {
  var cents: Int
}
