// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import MapReduce

@Suite struct BinarySourceTests {
  private func records(_ path: String, of width: Int, threads: Int = 2) throws -> [[UInt8]] {
    try run(threads: threads) { flow in
      flow.read(.binary(path, recordBytes: width)).write(.result("result"))
    }.keys(as: [UInt8].self)
  }

  @Test(arguments: [(1, 3000), (7, 100_000), (100, 12_000), (300_000, 5)])
  func `Records are cut at multiples of their size`(width: Int, count: Int) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(width)
    let bytes = random.bytes(width * count)
    let path = try directory.write("file", bytes)
    let wanted = stride(from: 0, to: bytes.count, by: width).map { Array(bytes[$0..<$0 + width]) }
    for threads in [1, 3] {
      #expect(try records(path, of: width, threads: threads) == wanted)
    }
    let piped = try onPipe(bytes, pieces: 50_021) { try records($0, of: width) }
    #expect(piped == wanted)
  }

  @Test func `A size that is no multiple is told`() throws {
    let directory = try TemporaryDirectory()
    let bytes = [UInt8](repeating: 1, count: 25)
    let path = try directory.write("file", bytes)
    let error = #expect(throws: JobError.self) { _ = try records(path, of: 10) }
    #expect(error?.code == .badInput)
    #expect(
      error?.message == "\(path) has 25 bytes, which is no multiple of the 10 of a record")
    try onPipe(bytes, pieces: 9) { pipe in
      let error = #expect(throws: JobError.self) { _ = try records(pipe, of: 10) }
      #expect(
        error?.message.hasSuffix("has 25 bytes, which is no multiple of the 10 of a record") == true
      )
    }
  }

  @Test func `A record that is refused is shown by its number and bytes`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", [UInt8](0..<40))
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.binary(path, recordBytes: 4)).map { record in
          if record[0] == 16 { throw JobError(.badInput, "no") }
          return record.count
        }.write(.result("result"))
      }
    }
    #expect(error?.record == "\(path), record 5  \"10111213\"")
  }
}
