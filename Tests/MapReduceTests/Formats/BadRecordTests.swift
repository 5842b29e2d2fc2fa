// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import Testing

@testable import MapReduce

/// Dead letters of records that are not what their format says, with their places in files.
@Suite struct BadRecordTests {
  private struct Order: Codable, Record, Hashable {
    var name: String
    var amount: Int
  }

  private func places(_ result: JobResult) throws -> [String] {
    try result.letters().map { "\($0.place)|\($0.record)" }
  }

  @Test func `Rows with other fields or types, behind a header and quoted line ends`() throws {
    let directory = try TemporaryDirectory()
    let text =
      "name,amount\nann,1\n\"b\nob\",2\ncy,x\ndan\n\neve,5,6\n\"f\r\n\r\ng\",y\nhal,8\n"
      + "i\"an,9\njo,10"
    let path = try directory.write("orders.csv", text)
    let result = try runOnAnyThreads { flow in
      flow.read(.csv(path, as: Order.self)).onError(.deadLetter("bad")).map { $0.amount }
        .write(.result("amounts"))
    }
    #expect(try result.values("amounts", as: Int.self) == [1, 2, 8])
    #expect(
      try places(result) == [
        "\(path):5|cy,x", "\(path):6|dan", "\(path):8|eve,5,6", "\(path):9|\"f\r\n\r\ng\",y",
        "\(path):13|i\"an,9\njo,10",
      ])
    #expect(try result.letters()[0].what.hasPrefix("column 2 (amount) holds \"x\""))
  }

  @Test func `A quote that is never closed is not left out`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("a.csv", "name,amount\nann,1\nbob,\"2\ncy,3\n")
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.csv(path)).onError(.deadLetter("bad")).map { $0.count }.write(.result("r"))
      }
    }
    #expect(error?.message.contains("never closed") == true)
    #expect(error?.record?.hasPrefix("\(path):3  ") == true)
  }

  @Test func `Lines that are no JSON, or other than asked for`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "a.jsonl",
      "{\"name\":\"a\",\"amount\":1}\n\n{\"name\":\n{\"name\":\"b\"}\n[]\n"
        + "{\"name\":\"c\",\"amount\":3}"
    )
    let result = try runOnAnyThreads { flow in
      flow.read(.jsonl(path, as: Order.self)).onError(.deadLetter("bad")).map { $0.name }
        .write(.result("names"))
      flow.read(.jsonl(path)).map { try $0.int("amount") }.onError(.deadLetter("fields"))
        .write(.result("amounts"))
    }
    #expect(try result.values("names", as: String.self) == ["a", "c"])
    #expect(try result.values("amounts", as: Int.self) == [1, 3])
    let wanted = ["\(path):3|{\"name\":", "\(path):4|{\"name\":\"b\"}", "\(path):5|[]"]
    #expect(try places(result) == wanted)
    #expect(try result.letters("fields").map { "\($0.place)|\($0.record)" } == wanted)
  }

  @Test func `Records of a fixed size are counted`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("a.bin", (0..<400_000).map { UInt8(($0 / 4) & 0x7F) })
    let result = try runOnAnyThreads { flow in
      flow.read(.binary(path, recordBytes: 4)).map { record in
        if record[0] == 99 { throw JobError(.badInput, "99") }
        return record.count
      }.onError(.deadLetter("bad")).write(.result("counts"))
    }
    let wanted = stride(from: 99, to: 100_000, by: 128).map { "\(path), record \($0 + 1)|cccc" }
    #expect(try places(result) == wanted)
  }

  @Test func `Lines are counted in each of many files, plain, twice, compressed and piped`() throws
  {
    let directory = try TemporaryDirectory()
    let text = (1...30).map { $0 % 10 == 0 ? "bad\n" : "\($0)\n" }.joined()
    var paths: [String] = []
    for index in 0..<5 { paths.append(try directory.write("f\(index).txt", text)) }
    paths += [paths[4], paths[4], paths[0]]
    let zipped = try directory.write("z.txt.gz", try gzip(text))
    paths.append(zipped)
    let check: @Sendable ([String]) throws -> [String] = { paths in
      let result = try runOnAnyThreads { flow in
        flow.read(.lines(paths)).map { line in
          if line == Bytes("bad") { throw JobError(.badInput, "bad") }
          return line.count
        }.onError(.deadLetter("bad")).write(.result("counts"))
      }
      return try result.letters().map(\.place)
    }
    #expect(
      try check(paths) == paths.flatMap { path in [10, 20, 30].map { "\(path):\($0)" } })
    let plain = paths[0]
    let result = try onPipe(Array(text.utf8), pieces: 7) { pipe in
      try run { flow in
        flow.read(.lines([pipe, plain])).map { line in
          if line == Bytes("bad") { throw JobError(.badInput, "bad") }
          return line.count
        }.onError(.deadLetter("bad")).write(.result("counts"))
      }.letters().map(\.place)
    }
    #expect(result.count == 6)
    #expect(result.prefix(3).allSatisfy { $0.contains(":") })
    #expect(result.suffix(3) == [10, 20, 30].map { "\(plain):\($0)" })
  }

  @Test func `Lines are counted from frame to frame of a compressed file`() throws {
    let directory = try TemporaryDirectory()
    let lines = (1...300_000).map { $0 % 50_000 == 7 ? "bad" : "\($0 &* 0x1E37_79B9_7F4A_7C15)" }
    let path = try directory.write("a.txt.zst", try framed(lines.map { $0 + "\n" }.joined()))
    let result = try runOnAnyThreads { flow in
      flow.read(.lines(path)).map { line in
        if line == Bytes("bad") { throw JobError(.badInput, "bad") }
        return line.count
      }.onError(.deadLetter("bad")).write(.result("counts"))
    }
    #expect(
      try result.letters().map(\.place) == (0..<6).map { "\(path):\($0 * 50_000 + 7)" })
  }

  private func gzip(_ text: String) throws -> [UInt8] {
    try CompressedInputTests.frames([Array(text.utf8)], .gzip).bytes
  }

  private func framed(_ text: String) throws -> [UInt8] {
    let bytes = Array(text.utf8)
    let pieces = stride(from: 0, to: bytes.count, by: 1 << 20).map {
      Array(bytes[$0..<min(bytes.count, $0 + 1 << 20)])
    }
    return try CompressedInputTests.frames(pieces, .zstd).bytes
  }
}
