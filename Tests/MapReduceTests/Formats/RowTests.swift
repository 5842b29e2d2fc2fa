// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct RowTests {
  /// All fields of all rows of a text, as a scanner finds them.
  private func scan(_ bytes: [UInt8], _ syntax: RowSyntax) throws(RowProblem) -> [[[UInt8]]] {
    let result: Result<[[[UInt8]]], RowProblem> = bytes.withBytes { bytes in
      var scanner = RowScanner(bytes, syntax)
      var rows: [[[UInt8]]] = []
      do throws(RowProblem) {
        while try scanner.findNext() {
          rows.append((0..<scanner.fields.count).map { Array(scanner.fields[$0]) })
        }
        return .success(rows)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func texts(_ text: String, quotedLineEnds: Bool = true) throws(RowProblem) -> [[String]] {
    let syntax = RowSyntax(separator: 0x2C, hasQuotedLineEnds: quotedLineEnds)
    return try scan(Array(text.utf8), syntax).map { row in
      row.map { String(decoding: $0, as: UTF8.self) }
    }
  }

  @Test(arguments: [
    ("a,b,c", [["a", "b", "c"]]), ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
    ("a,b\nc,d", [["a", "b"], ["c", "d"]]), ("\"a,b\",c", [["a,b", "c"]]),
    ("\"a\nb\",\"c\r\nd\"\n", [["a\nb", "c\r\nd"]]), ("\"a\"\"b\",\"\"\"\"", [["a\"b", "\""]]),
    ("\"\",\n,\"\"\n", [["", ""], ["", ""]]), (",,\n", [["", "", ""]]), ("\"\"\n", [[""]]),
    ("\n\r\na\n\n\nb\r\n\r\n", [["a"], ["b"]]), ("", []), ("\n", []),
    (" a , b\n", [[" a ", " b"]]),
    ("a\rb,c\n", [["a\rb", "c"]]), ("\"\"\"a\"\"\",\"b\"\"\"\n", [["\"a\"", "b\""]]),
  ])
  func `Rows are read as RFC 4180 has them`(text: String, rows: [[String]]) throws {
    #expect(try texts(text) == rows)
  }

  @Test(arguments: [
    ("a,\"b", RowProblem.Kind.openQuote, 1), ("\"a\nb,c\n", .openQuote, 0),
    ("a,b\"c\"\n", .strayQuote, 1), ("x,\"a\"b,c\n", .textBehindQuote, 1),
    ("\"a\" ,c\n", .textBehindQuote, 0), ("\"", .openQuote, 0), ("\"\"\"", .openQuote, 0),
  ])
  func `What is no row is told with its field`(
    text: String, kind: RowProblem.Kind, field: Int
  ) {
    let problem = #expect(throws: RowProblem.self) { _ = try texts(text) }
    #expect(problem == RowProblem(kind: kind, field: field))
  }

  @Test(arguments: [
    ("5\" pipe,\"a,b\"\nc,d\n", [["5\" pipe", "a,b"], ["c", "d"]]),
    ("a,b\"\n\"c\"\"\",d", [["a", "b\""], ["c\"", "d"]]),
  ])
  func `Without quoted line ends every line is a row`(text: String, rows: [[String]]) throws {
    #expect(try texts(text, quotedLineEnds: false) == rows)
    let problem = #expect(throws: RowProblem.self) {
      _ = try texts("a\n\"b\nc\"\n", quotedLineEnds: false)
    }
    #expect(problem?.kind == .openQuote)
  }

  @Test(arguments: 0..<200) func `Random rows are those of a naive reader`(seed: Int) throws {
    var random = RandomSource(seed)
    let separator: UInt8 = [0x2C, 0x09, 0x3B][seed % 3]
    let bytes = NaiveRows.random(
      &random, rows: random.number(1...60), width: random.number(1...7), separator: separator,
      fieldBytes: [3, 8, 40, 150][seed % 4])
    let syntax = RowSyntax(separator: separator, hasQuotedLineEnds: true)
    #expect(try scan(bytes, syntax) == NaiveRows.read(bytes, separator: separator))
  }

  @Test(arguments: 0..<60) func `Rows that are kept stay what they were`(seed: Int) throws {
    var random = RandomSource(seed)
    let bytes = NaiveRows.random(
      &random, rows: 60, width: 3, fieldBytes: [3, 8, 40, 150, 600][seed % 5])
    let batch = random.number(1...20)
    let read: [[[UInt8]]] = try bytes.withBytes { bytes in
      var scanner = RowScanner(bytes, RowSyntax(separator: 0x2C, hasQuotedLineEnds: true))
      var kept = 0
      var rows: [[[UInt8]]] = []
      var texts: [[UInt8]] = []
      func takeAll() {
        for row in 0..<kept {
          rows.append((0..<3).map { Array(scanner.fields[3 * row + $0]) })
          #expect(Array(scanner.rows[row]) == texts[row])
        }
        kept = 0
        texts = []
      }
      while try scanner.findNext(keepsRows: kept > 0) {
        #expect(scanner.fieldCount == 3)
        texts.append(Array(scanner.row))
        kept += 1
        if kept == batch { takeAll() }
      }
      takeAll()
      return rows
    }
    #expect(read == NaiveRows.read(bytes))
  }

  @Test(arguments: 0..<100) func `Damaged rows are told or read, and nothing else`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = random.damaged(NaiveRows.random(&random, rows: 20, width: 3))
    for hasQuotedLineEnds in [true, false] {
      let syntax = RowSyntax(separator: 0x2C, hasQuotedLineEnds: hasQuotedLineEnds)
      _ = try? scan(bytes, syntax)
    }
  }

  @Test(arguments: 0..<60) func `Whole rows end where a naive reader ends them`(seed: Int) {
    var random = RandomSource(seed)
    let bytes = NaiveRows.random(&random, rows: 12, width: 2)
    let starts = NaiveRows.starts(bytes)
    for count in 0...bytes.count {
      let found = bytes.withBytes { $0[0..<count].endOfRows(hasQuotedLineEnds: true) }
      #expect(found == starts.last { $0 <= count } ?? 0, "\(count)")
    }
  }
}
