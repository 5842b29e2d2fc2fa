// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct CompressedFormatTests {
  private static let formats = CompressedInputTests.formats

  @Test(arguments: formats) func `Tables are the same however they are compressed`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(1)
    var text = Array("id,note\r\n".utf8)
    for row in 0..<20_000 {
      text += Array("\(row),\"a\n\"\"\(random.number(0...999_999_999))\"\"\"\n".utf8)
    }
    let plain = try directory.write("plain.csv", text)
    let pieces = stride(from: 0, to: text.count, by: 99_999).map {
      Array(text[$0..<min(text.count, $0 + 99_999)])
    }
    let path = try directory.write(
      "rows.csv.\(compression.fileExtension)",
      try CompressedInputTests.frames(pieces, compression).bytes)
    func rows(_ path: String) throws -> [String] {
      try run { flow in
        flow.read(.csv(path)).map { row in String(try row["id"]) + "|" + String(try row["note"]) }
          .write(.result("result"))
      }.values(as: String.self)
    }
    let wanted = try rows(plain)
    #expect(wanted.count == 20_000)
    let isEqual = try rows(path) == wanted
    #expect(isEqual)
  }

  @Test(arguments: formats) func `Records of a fixed size are whole, or an error`(
    compression: Compression
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(2)
    let text = random.bytes(70_000)
    for (count, isWhole) in [(70_000, true), (69_999, false)] {
      let pieces = [Array(text[0..<33_333]), Array(text[33_333..<count])]
      let path = try directory.write(
        "\(count).\(compression.fileExtension)",
        try CompressedInputTests.frames(pieces, compression).bytes)
      let read = {
        try run { flow in
          flow.read(.binary(path, recordBytes: 7)).map { Array($0) }.write(.result("result"))
        }.values(as: [UInt8].self)
      }
      if isWhole {
        let isEqual = try Array(read().joined()) == text
        #expect(isEqual)
      } else {
        let error = #expect(throws: JobError.self) { _ = try read() }
        #expect(error?.code == .badInput && error?.message.contains("69999") == true)
      }
    }
  }
}
