// SPDX-License-Identifier: Apache-2.0
import Memory
import StateTable
import TestSupport
import Testing
import Vocabulary

@Suite struct TableSchemaTests {
  @Test("columns of a group stand side by side, groups on lines of their own")
  func groups() {
    var schema = TableSchema()
    let first = schema.group("a", "b", count: 2)
    let second = schema.group("c")
    #expect(first.map(\.offset) == [0, 16])
    #expect(first.map(\.count) == [2, 2])
    #expect(second.map(\.offset) == [Limits.lineBytes])
    #expect(schema.rowBytes == 2 * Limits.lineBytes)
    schema.check()
  }

  @Test("a schema comes back from its text")
  func text() throws {
    var schema = TableSchema()
    _ = schema.group("tasks.sent", "tasks.tail")
    _ = schema.group("suspected", count: 64)
    let read = try #require(TableSchema(text: schema.text))
    #expect(read == schema)
  }

  @Test(
    "text that is no schema is refused",
    arguments: ["a", "a 0", "a 0 0", "a 4 1", "a -8 1", "a 0 1 2", "a x 1", "a 0 99999999999"])
  func damagedText(text: String) {
    #expect(TableSchema(text: text) == nil)
  }

  @Test("the header of a segment tells an inspector all that it needs")
  func header() throws {
    var schema = TableSchema()
    let sent = schema.group("tasks.sent")[0]
    let segment = Segment(byteCount: TableHeader.byteCount + 4096)
    let header = TableHeader(
      rank: Rank(3), members: 5, rowOffset: TableHeader.byteCount, schema: schema)
    #expect(TableHeader(of: segment) == nil)
    header.write(to: segment)
    segment.store(42, at: TableHeader.byteCount + sent.offset)
    let read = try #require(TableHeader(of: segment))
    #expect(read == header)
    let text = TableText(header: read, rows: [(Rank(3), segment)]).text
    #expect(text == "column      rank 3\ntasks.sent      42\n")
  }

  @Test("a header with a damaged word is refused or read, and never trusted past the segment")
  func damagedHeader() {
    var schema = TableSchema()
    _ = schema.group("a", "b", count: 5)
    let segment = Segment(byteCount: TableHeader.byteCount + 4096)
    let header = TableHeader(
      rank: Rank(0), members: 2, rowOffset: TableHeader.byteCount, schema: schema)
    var random = RandomSource(7)
    for _ in 0..<20_000 {
      header.write(to: segment)
      let offset = random.number(0...100)
      segment.writeByte(UInt8(random.number(0...255)), at: offset)
      segment.writeByte(UInt8(random.number(0...255)), at: random.number(0...40))
      guard let read = TableHeader(of: segment) else { continue }
      #expect(read.rowOffset + read.schema.rowBytes <= segment.byteCount)
      // Printing reads every cell that the header claims.
      _ = TableText(header: read, rows: [(read.rank, segment)]).text
    }
  }

  @Test("a schema that is too long for the header is shown without its end")
  func longSchema() throws {
    var schema = TableSchema()
    for index in 0..<2000 { _ = schema.group("column\(index)") }
    let segment = Segment(byteCount: TableHeader.byteCount + schema.rowBytes)
    TableHeader(rank: Rank(0), members: 1, rowOffset: TableHeader.byteCount, schema: schema)
      .write(to: segment)
    let read = try #require(TableHeader(of: segment))
    #expect(read.schema.columns.count > 500)
    #expect(read.schema.columns == Array(schema.columns.prefix(read.schema.columns.count)))
  }
}
