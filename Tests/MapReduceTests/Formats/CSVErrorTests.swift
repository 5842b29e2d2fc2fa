// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

/// Every error names the file, the line and the column.
@Suite struct CSVErrorTests {
  private func failure(
    _ text: String, threads: Int = 2, header: Bool = true,
    _ read: @escaping @Sendable (Row) throws -> Int = { $0.count }
  ) throws -> (error: JobError, path: String) {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file.csv", text)
    let error = #expect(throws: JobError.self) {
      _ = try run(threads: threads) { flow in
        flow.read(.csv(path, header: header)).map(read, line: 7).write(.result("result"))
      }
    }
    let found = try #require(error)
    #expect(found.code == .badInput)
    return (found, path)
  }

  @Test func `A row with too few or too many fields is told`() throws {
    let few = try failure("a,b,c\n1,\"x\ny\",3\n1,2\n")
    #expect(
      few.error.message == "a row has 2 fields, and the header has 3: column 3 (c) is missing")
    #expect(few.error.record == "\(few.path):4  \"1,2\"")
    #expect(few.error.advice == "check delimiter and quotes of \(few.path)")
    let many = try failure("1,2\n3,4,5\n", header: false)
    #expect(
      many.error.message
        == "a row has 3 fields, and the first row has 2: there is nothing that names column 3")
    #expect(many.error.record == "\(many.path):2  \"3,4,5\"")
  }

  @Test func `A field of another type is told with its column`() throws {
    let text = "name,age\nada,36\n\"bob\nb\",old\n"
    let named = try failure(text) { try $0.int("age") }
    #expect(named.error.message == "column 2 (age) holds \"old\", which is no Int")
    #expect(named.error.record == "\(named.path):3  \"\"bob\\nb\",old\"")
    #expect(named.error.location == "CSVErrorTests.swift:7")
    let numbered = try failure("1,x\n", header: false) { Int(try $0.double(1)) }
    #expect(numbered.error.message == "column 2 holds \"x\", which is no Double")
    let empty = try failure("a,b\n1,\n") { try $0.int("b") }
    #expect(empty.error.message == "column 2 (b) is empty, which is no Int")
  }

  @Test func `A column that is not there is told with the file`() throws {
    let missing = try failure("a,b\n1,2\n") { try $0["c"].count }
    #expect(missing.error.message == "\(missing.path) has no column named c")
    #expect(missing.error.advice == "its columns are: a, b")
    let twice = try failure("a,a\n1,2\n") { try $0.int("a") }
    #expect(twice.error.message == "\(twice.path) has more than one column named a")
    let none = try failure("1,2\n", header: false) { try $0.int("a") }
    #expect(none.error.advice == "its columns are: none, because it has no header")
    for column in [-1, 2] {
      let outside = try failure("1,2\n", header: false) { try $0[column].count }
      #expect(outside.error.message == "\(outside.path) has no column \(column + 1): it has 2")
    }
  }

  @Test func `A quote that is out of place is told with its column`() throws {
    let open = try failure("a,b\n1,2\n3,\"4\n5,6\n")
    #expect(open.error.message == "the quote that begins column 2 (b) is never closed")
    #expect(open.error.record == "\(open.path):3  \"3,\"4\\n5,6\\n\"")
    let stray = try failure("a,b\n1,2\"x\"\n")
    #expect(
      stray.error.message
        == "a quote stands inside of column 2 (b), which does not begin with one")
    #expect(stray.error.record == "\(stray.path):2  \"1,2\"x\"\"")
    let behind = try failure("a,b\n\"1\"x,2\n")
    #expect(behind.error.message == "text stands behind the closing quote of column 1 (a)")
    let header = try failure("a,\"b\n1,2\n")
    #expect(header.error.message == "the quote that begins column 2 is never closed")
    #expect(header.error.record == "\(header.path):1  \"a,\"b\\n1,2\\n\"")
  }

  @Test func `A quote that is never closed does not fill the memory`() throws {
    let long = String(repeating: String(repeating: "a", count: 1 << 20) + "\n", count: 68)
    let found = try failure("a,b\n1,\"" + long)
    #expect(found.error.message == "a row is longer than 64 MiB")
    #expect(found.error.record?.hasPrefix("\(found.path):2  \"1,\"aaa") == true)
    let first = try failure("a,\"" + long)
    #expect(first.error.record?.hasPrefix("\(first.path):1  \"a,\"aaa") == true)
  }

  @Test func `Lines are counted in the file, not in the split`() throws {
    let rows = (1...40_000).map { "\($0),\"two\nlines\"\n" }
    let text = "n,text\n" + rows.joined() + "bad,x\n"
    for threads in [1, 3] {
      let found = try failure(text, threads: threads) { try $0.int("n") }
      #expect(found.error.record == "\(found.path):80002  \"bad,x\"")
    }
  }
}
