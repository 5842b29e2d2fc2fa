// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct TextExportTests {
  static let compressions: [Compression?] = [nil] + Compression.allCases.filter(\.isAvailable)

  private func save(
    _ result: JobResult, _ export: TextExport, in path: String, threads: Int = 2
  ) throws {
    try ResultWriter(
      to: path, format: .text(export), threads: threads, cancellation: Cancellation()
    ).write(result, job: "planned")
  }

  /// What the manifest says of the files.
  private func files(_ directory: TemporaryDirectory, _ name: String) throws -> [WrittenFile] {
    let bytes = try directory.bytes("\(name)/r/_result.json")
    let manifest = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    let files = try #require(manifest?["files"] as? [[String: Any]])
    return files.map { file in
      WrittenFile(
        name: file["name"] as? String ?? "", records: file["records"] as? Int ?? -1,
        bytes: file["bytes"] as? Int ?? -1)
    }
  }

  /// The text of a file, whatever it is compressed with.
  private func text(_ path: String) throws -> [UInt8] {
    let file = try #require(try InputFiles.resolve([path]).first)
    guard let compression = file.compression else {
      return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
    let reader = LineReader()
    let frames = try FrameReader(
      file, try reader.open(file), compression, from: 0, border: file.size)
    var text = ByteBuffer(capacity: 1 << 16)
    while try !frames.fill(&text, room: 1 << 16) {}
    return Array(text.bytes)
  }

  private static func pairs(_ count: Int) throws -> JobResult {
    let numbers = Array(0..<count)
    return try run { flow in
      flow.read(.values(numbers)).keyed { ("key \($0)", $0) }.reduce(+).write(.result("r"))
    }
  }

  private static func elements(_ count: Int) throws -> JobResult {
    let numbers = Array(0..<count)
    return try run { flow in
      flow.read(.values(numbers)).map { "element \($0)" }.sorted().write(.result("r"))
    }
  }

  /// Saves a result, and holds its files against the text in one file.
  private func check(
    _ result: JobResult, _ export: TextExport, expect count: (Int) -> Bool
  ) throws {
    let directory = try TemporaryDirectory()
    try save(result, TextExport(export.format), in: directory.path + "/one")
    let whole = try text("\(directory.path)/one/r/part-00000.\(export.format.fileExtension)")
    let header = export.format == .csv ? whole.prefix { $0 != 0x0A }.count + 1 : 0
    for threads in [1, 3] {
      let place = "\(threads)"
      try save(result, export, in: "\(directory.path)/\(place)", threads: threads)
      let files = try files(directory, place)
      #expect(count(files.count), "\(files.count) files")
      var joined = Array(whole.prefix(header))
      for (index, file) in files.enumerated() {
        #expect(file.name == WrittenFile.name(index, export.fileExtension))
        let path = "\(place)/r/\(file.name)"
        #expect(try directory.bytes(path).count == file.bytes)
        let text = try text("\(directory.path)/\(path)")
        #expect(text.prefix(header) == whole.prefix(header))
        #expect(text.count { $0 == 0x0A } == file.records + (header > 0 ? 1 : 0))
        joined += text.dropFirst(header)
      }
      let isEqual = joined == whole
      #expect(isEqual, "\(export), \(threads) threads")
      #expect(files.reduce(0) { $0 + $1.records } == result.outputs[0].records)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: "\(directory.path)/\(place)/r")
      #expect(names.sorted() == ["_result.json"] + files.map(\.name))
    }
  }

  @Test(arguments: compressions, [1, 3, 40]) func `A result is divided into so many files`(
    compression: Compression?, files: Int
  ) throws {
    let export = TextExport(.csv, compression: compression, division: .files(files))
    for count in [0, 2, 5000] {
      try check(try Self.pairs(count), export) { $0 == files }
      try check(try Self.elements(count), export) { $0 == files }
    }
  }

  @Test(arguments: [true, false], [861, 50_000, 200_000])
  func `Files of a result have about equally many records`(isHashed: Bool, count: Int) throws {
    let directory = try TemporaryDirectory()
    let result = try isHashed ? Self.pairs(count) : Self.elements(count)
    try save(result, TextExport(.lines, division: .files(7)), in: directory.path + "/out")
    let records = try files(directory, "out").map(\.records)
    // Of the largest, not all keys are looked at.
    let most = isHashed && count == 200_000 ? count / 7 / 50 : 1
    #expect(records.allSatisfy { abs($0 - count / 7) <= most }, "\(records)")
  }

  /// Lines that hardly compress.
  private static func letters(_ count: Int) -> [[UInt8]] {
    var random = RandomSource(1)
    return (0..<count).map { _ in CompressedInputTests.letters(&random, 200) }
  }

  private static func sorted(_ lines: [[UInt8]]) throws -> JobResult {
    try run { flow in flow.read(.values(lines)).sorted().write(.result("r")) }
  }

  @Test(arguments: compressions) func `Files end before they become too large`(
    compression: Compression?
  ) throws {
    let directory = try TemporaryDirectory()
    let limit = compression == nil ? 700_000 : 1_200_000
    let export = TextExport(.lines, compression: compression, division: .bytes(limit))
    let result = try Self.sorted(Self.letters(20_000))
    try check(result, export) { $0 > 2 }
    try save(result, export, in: directory.path + "/out")
    let files = try files(directory, "out")
    #expect(files.allSatisfy { $0.bytes <= limit && $0.records > 0 }, "\(files.map(\.bytes))")
  }

  @Test(arguments: Compression.allCases.filter(\.isAvailable))
  func `What was saved is an input that can be cut`(compression: Compression) throws {
    let directory = try TemporaryDirectory()
    let lines = Self.letters(12_000)
    let result = try Self.sorted(lines)
    try save(result, TextExport(.lines, compression: compression), in: directory.path + "/out")
    let path = "\(directory.path)/out/r/part-00000.txt.\(compression.fileExtension)"
    let splits = Splits.pack(try listed(path))
    #expect(compression == .gzip ? splits.count == 1 : splits.count > 1)
    let again = try run { flow in flow.read(.lines(path)).write(.result("r")) }
    let isEqual =
      try again.keys("r", as: [UInt8].self) == lines.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(isEqual)
  }

  @Test(arguments: Compression.allCases.filter(\.isAvailable))
  func `Compressed files are the same bytes however many threads make them`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    let result = try Self.pairs(60_000)
    let export = TextExport(.jsonl, compression: compression, division: .files(2))
    for threads in [1, 2, 5] {
      try save(result, export, in: "\(directory.path)/\(threads)", threads: threads)
      for part in ["part-00000", "part-00001"] {
        let name = "r/\(part).\(export.fileExtension)"
        let isEqual = try directory.bytes("\(threads)/\(name)") == directory.bytes("1/\(name)")
        #expect(isEqual, "\(name) by \(threads) threads")
      }
    }
  }

  @Test(arguments: [false, true]) func `Gathered records are a result like another`(
    isTight: Bool
  ) throws {
    let directory = try TemporaryDirectory()
    let result = try Self.pairs(20_000)
    let scratch = isTight ? ScratchArea(in: directory.path) : nil
    let output = try result.output("r")
    var records = GatheredRecords(memory: MemoryBudget(limit: 1 << 16, scratch: scratch))
    try output.first(.max) { try records.append(key: $0, value: $1) }
    let gathered = try records.result(name: "r", schema: output.schema)
    #expect(gathered.records == output.records)
    #expect(((scratch?.spilledBytes ?? 0) > 0) == isTight)
    #expect(try gathered.encoded() == output.encoded())
    try ResultWriter(
      to: directory.path + "/out", format: .text(.csv), threads: 2, cancellation: Cancellation()
    ).write([gathered], job: nil)
    try save(result, TextExport(.csv), in: directory.path + "/other")
    let part = "r/part-00000.csv"
    #expect(try directory.bytes("out/\(part)") == directory.bytes("other/\(part)"))
    let manifest = try directory.bytes("out/r/_result.json")
    #expect(!String(decoding: manifest, as: UTF8.self).contains("\"job\""))
  }
}
