// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

private struct Refused: Error {}

@Suite struct FailureTests {
  static let here = "FailureTests.swift"

  private func failure(_ body: @escaping @Sendable (Flow) throws -> Void) throws -> JobError {
    let errors = [1, 3].compactMap { threads in
      #expect(throws: JobError.self) { _ = try run(threads: threads, body) }
    }
    let error = try #require(errors.first)
    #expect(errors.map(\.description) == [error.description, error.description])
    #expect(error.code == .failed)
    #expect(error.message.contains("Refused"))
    return error
  }

  private func file(_ directory: TemporaryDirectory) throws -> String {
    let lines = (1...40_000).map { $0 == 30_001 ? "bad line" : "good line \($0)" }
    return try directory.write("input.txt", lines.map { $0 + "\n" }.joined())
  }

  /// Steps over lines that throw at the bad one, each said to stand at line 1, 2 and so on.
  private static let steps: [@Sendable (Dataset<Bytes>) -> Void] = [
    { $0.map({ try checked($0) }, line: 1).map { $0.count }.write(.result("r")) },
    { $0.filter({ try checked($0).count > 0 }, line: 2).write(.result("r")) },
    { $0.compactMap({ try checked($0) }, line: 3).write(.result("r")) },
    { $0.flatMap({ try checked($0).words }, line: 4).write(.result("r")) },
    { lines in
      lines.flatMap({ line, emit in emit(try checked(line), 1) }, line: 5).reduce(+)
        .write(.result("r"))
    },
    { $0.keyed({ (try checked($0).count, 1) }, line: 6).reduce(+).write(.result("r")) },
    { lines in
      lines.map { "\($0)" }.sorted(by: { try checked($0) }, line: 7).write(.result("r"))
    },
  ]

  private static func checked(_ line: Bytes) throws -> Bytes {
    if line.hasPrefix(Bytes("bad")) { throw Refused() }
    return line
  }

  private static func checked(_ line: String) throws -> String {
    if line.hasPrefix("bad") { throw Refused() }
    return line
  }

  @Test(arguments: steps.indices) func `A closure that throws is named with its line and record`(
    index: Int
  ) throws {
    let directory = try TemporaryDirectory()
    let path = try file(directory)
    let error = try failure { flow in Self.steps[index](flow.read(.lines(path))) }
    #expect(error.location == "\(Self.here):\(index + 1)")
    #expect(error.record == "\(path):30001  \"bad line\"")
    #expect(error.description.contains("operator  \(Self.here)"))
  }

  /// Steps over pairs that throw at the last one, each said to stand at line 1, 2 and so on.
  private static let pairSteps: [@Sendable (Keyed<Int, Int>) -> Void] = [
    { $0.mapValues({ try checked($0) }, line: 1).write(.result("r")) },
    { $0.filter({ try checked($1) > 0 }, line: 2).write(.result("r")) },
    { $0.map({ try checked($1) }, line: 3).write(.result("r")) },
    { $0.reduce({ max($0, try checked($1)) }, line: 4).write(.result("r")) },
  ]

  private static func checked(_ number: Int) throws -> Int {
    if number == 299 { throw Refused() }
    return number
  }

  @Test(arguments: pairSteps.indices) func `Steps on pairs that throw are named with their line`(
    index: Int
  ) throws {
    let error = try failure { flow in
      let numbers = flow.read(.values(Array(0..<300)))
      Self.pairSteps[index](numbers.keyed { number -> (Int, Int) in (number % 7, number) })
    }
    #expect(error.location == "\(Self.here):\(index + 1)")
  }

  @Test func `A value of the plan is shown as the record`() throws {
    let error = try failure { flow in
      flow.read(.values(["a", "b"])).map { if $0 == "b" { throw Refused() } else { $0 } }
        .write(.result("r"))
    }
    #expect(error.record == "\"b\"")
  }

  @Test func `A combining closure may throw before and after the shuffle`() throws {
    for limit in [3, 250] {
      let error = try failure { flow in
        flow.read(.values(Array(repeating: 1, count: 640))).keyed { ("key", $0) }
          .combine(into: 0) {
            $0 += $1
          } merge: { sum, more in
            sum += more
            if sum > limit { throw Refused() }
          }
          .write(.result("r"))
      }
      #expect(error.location?.hasPrefix(Self.here) == true)
    }
  }

  @Test func `A job's own error keeps its code and gains a place`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.values([1])).map { _ -> Int in
          throw JobError(.badInput, "this is no number", advice: "write a number")
        }.write(.result("r"))
      }
    }
    #expect(error?.code == .badInput && error?.message == "this is no number")
    #expect(error?.advice == "write a number")
    #expect(error?.location?.hasPrefix(Self.here) == true)
    #expect(error?.record == "\"1\"")
  }

  @Test func `A long record is shown by its beginning`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("long", "x\n" + String(repeating: "y", count: 5000) + "\n")
    let error = try failure { flow in
      flow.read(.lines(path)).map { if $0.count > 1 { throw Refused() } else { $0.count } }
        .write(.result("r"))
    }
    #expect(error.record == "\(path):2  \"\(String(repeating: "y", count: 120))…\"")
  }

  @Test func `A later stage that throws shows the key of its record`() throws {
    let error = try failure { flow in
      flow.read(.values(["a", "b", "c"])).keyed { ($0, 1) }.reduce(+)
        .map { key, count in if key == "b" { throw Refused() } else { key } }
        .write(.result("r"))
    }
    #expect(error.location?.hasPrefix(Self.here) == true)
  }
}
