// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct CSVSourceTests {
  /// The fields of all rows of a source, each row as one text.
  private func rows(
    _ source: @escaping @Sendable () -> Source<Row>, threads: Int = 2
  ) throws -> [String] {
    try run(threads: threads) { flow in
      flow.read(source()).map { row in
        try (0..<row.count).map { try row.string($0) }.joined(separator: "|")
      }.write(.result("result"))
    }.values(as: String.self)
  }

  private static func joined(_ rows: [[[UInt8]]]) -> [String] {
    rows.map { row in row.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|") }
  }

  @Test func `A header names the columns and is no data`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "orders.csv", "\u{FEFF}\"id\",customer\r\n1,ada\r\n2,\"b, c\"\r\n")
    let read = try run { flow in
      flow.read(.csv(path)).map { row in "\(try row["customer"])=\(try row.int("id"))" }
        .write(.result("result"))
    }.values(as: String.self)
    #expect(read == ["ada=1", "b, c=2"])
    #expect(try rows { .csv(path, header: false) } == ["id|customer", "1|ada", "2|b, c"])
  }

  @Test func `Columns are found by name whatever their order in a file`() throws {
    let directory = try TemporaryDirectory()
    try directory.write("a.csv", "x,y\n1,2\n")
    try directory.write("b.csv", "y,z,x\n3,0,4\n5,0,6\n")
    let path = directory.path
    let read = try run { flow in
      flow.read(.csv(path)).map { row in try row.int("x") * 10 + row.int("y") }
        .write(.result("result"))
    }.values(as: Int.self)
    #expect(read == [12, 43, 65])
  }

  @Test func `Files without rows are read as such`() throws {
    let directory = try TemporaryDirectory()
    let paths = try ["", "\u{FEFF}", "\n\n", "a,b", "a,b\n", "\na,b\n"].enumerated().map {
      try directory.write("\($0)", $1)
    }
    #expect(try rows { .csv(paths) } == [])
    #expect(try rows { .csv(paths, header: false) } == ["a|b", "a|b", "a|b"])
  }

  @Test func `Tabs and other delimiters separate fields`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", "a\tb;c\n1\t\"2;3\"\n")
    #expect(try rows { .tsv(path, header: false) } == ["a|b;c", "1|2;3"])
    #expect(
      try rows { .csv(path, header: false, delimiter: ";", quotedNewlines: false) }
        == ["a\tb|c", "1\t\"2|3\""])
  }

  @Test(arguments: 0..<4) func `Large files and streams with quoted line ends are cut between rows`(
    seed: Int
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(seed)
    var bytes: [UInt8] = []
    // Rows of about 100 bytes, or fields that are longer than a split.
    while bytes.count < 1_200_000 {
      bytes += NaiveRows.random(&random, rows: 50, width: 3, fieldBytes: 60)
      if bytes.last != 0x0A { bytes.append(0x0A) }
      if seed == 3 {
        bytes += [0x22] + random.bytes(300_000, of: [0x0A, 0x61, 0x2C]) + [0x22, 0x2C, 0x2C, 0x0A]
      }
    }
    let path = try directory.write("file.csv", bytes)
    let naive = Self.joined(NaiveRows.read(bytes))
    let file = try InputFiles.cut(InputFiles.resolve([path])[0], .betweenRows) {}
    guard case .at(let cuts) = file.cuts else { throw JobError(.failed, "no cuts") }
    #expect(cuts.count > 2 && Set(cuts).isSubset(of: NaiveRows.starts(bytes)))
    for threads in [1, 3] {
      #expect(try rows({ .csv(path, header: false) }, threads: threads) == naive)
      let piped = try onPipe(bytes, pieces: 30_011) { pipe in
        try rows({ .csv(pipe, header: false) }, threads: threads)
      }
      #expect(piped == naive)
    }
  }

  @Test(arguments: [FileFormat.Cutting.anywhere, .betweenRows, .every(1000)])
  func `A stream is cut where a file is`(cutting: FileFormat.Cutting) throws {
    var random = RandomSource(7)
    var bytes = NaiveRows.random(&random, rows: 30_000, width: 4, fieldBytes: 40)
    bytes.removeLast(bytes.count % 1000)
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", bytes)
    let file = try InputFiles.cut(InputFiles.resolve([path])[0], cutting) {}
    let splits = Splits.pack([file]).map { $0[0].range }
    var cuts = StreamCuts(cutting)
    var offset = 0
    var ends: [Int] = []
    for end in stride(from: 10_007, through: bytes.count + 10_007, by: 10_007) {
      let known = min(end, bytes.count)
      while let count = bytes.withBytes({ cuts.end(of: $0[offset..<known], at: offset) }) {
        offset += count
        ends.append(offset)
      }
    }
    if cutting == .anywhere {
      #expect(ends.allSatisfy { bytes[$0 - 1] == 0x0A })
    } else {
      #expect(splits.count > 2 && ends == splits.map(\.upperBound).filter { $0 < bytes.count })
    }
  }

  @Test func `Lines alone end rows where no field holds a line end`() throws {
    let directory = try TemporaryDirectory()
    let lines = (0..<60_000).map { "\($0),5\" pipe,\"\($0), too\"" }
    let path = try directory.write("file.csv", lines.joined(separator: "\n"))
    let read = try rows { .csv(path, header: false, quotedNewlines: false) }
    #expect(read == (0..<60_000).map { "\($0)|5\" pipe|\($0), too" })
  }

  @Test func `A sort samples rows and comes to the same`() throws {
    let directory = try TemporaryDirectory()
    let rows = (0..<50_000).map { "\($0 * 7919 % 50_021),\"x\n\($0)\"\n" }
    let path = try directory.write("file.csv", "n,text\n" + rows.joined())
    let sorted = try runOnAnyThreads { flow in
      flow.read(.csv(path)).map { try $0.int("n") }.sorted().write(.result("result"))
    }.keys(as: Int.self)
    #expect(sorted == (0..<50_000).map { $0 * 7919 % 50_021 }.sorted())
  }

  @Test func `A stream is read in one way`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.csv("-")).map { $0.count }.write(.result("a"))
        flow.read(.lines("-")).map { $0.count }.write(.result("b"))
      }
    }
    #expect(error?.code == .usage)
    #expect(error?.message.hasPrefix("standard input is read as CSV and as lines") == true)
  }
}
