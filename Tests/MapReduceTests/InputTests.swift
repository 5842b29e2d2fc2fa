// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct InputTests {
  private func lines(_ paths: [String], threads: Int = 2) throws -> [[UInt8]] {
    try run(threads: threads) { flow in flow.read(.lines(paths)).write(.result("result")) }
      .keys(as: [UInt8].self)
  }

  private func texts(_ paths: [String]) throws -> [String] {
    try lines(paths).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    "", "\n", "\n\n", "a", "a\n", "a\r\nb\r\n", "\r\n", "a\r\n\r\nb", "a\nb\r\nc", "a\rb\n",
    "\0\n\0\0",
    "a\r\r\n", "é\n\u{FEFF}x\n",
  ])
  func `Line ends are taken off, and only they`(text: String) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", text)
    #expect(try lines([path]) == LineReaderTests.naiveLines(Array(text.utf8)))
  }

  @Test(arguments: [100, 300_000, 1_500_000]) func `Random bytes are lines like any other`(
    count: Int
  ) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(count)
    var bytes: [UInt8] = []
    while bytes.count < count {
      bytes +=
        random.bytes(random.number(0...200)) + [UInt8](repeating: 0, count: random.number(0...3000))
    }
    bytes.append(0x0A)
    let path = try directory.write("file", bytes)
    let wanted = LineReaderTests.naiveLines(bytes)
    for threads in [1, 3] { #expect(try lines([path], threads: threads) == wanted) }
  }

  @Test func `Files are read in the order in which they are named`() throws {
    let directory = try TemporaryDirectory()
    let b = try directory.write("b", "b1\nb2")
    let a = try directory.write("a", "a1\n")
    let empty = try directory.write("empty", "")
    #expect(try texts([b, a, empty, b]) == ["b1", "b2", "a1", "b1", "b2"])
    #expect(try texts([empty]) == [])
    #expect(try texts([]) == [])
  }

  @Test func `A directory is its files by name, without hidden ones and directories`() throws {
    let directory = try TemporaryDirectory()
    try directory.write("b.txt", "b\n")
    try directory.write("a.txt", "a\n")
    try directory.write("A.txt", "A\n")
    try directory.write(".hidden", "hidden\n")
    try directory.write("_marker", "marker\n")
    let inner = try directory.makeDirectory("inner")
    try directory.write("inner/c.txt", "c\n")
    for path in [directory.path, directory.path + "/"] {
      #expect(try texts([path]) == ["A", "a", "b"])
    }
    #expect(try texts([inner]) == ["c"])
    #expect(try texts([try directory.makeDirectory("none")]) == [])
  }

  @Test func `Globs are matched in the order of names`() throws {
    let directory = try TemporaryDirectory()
    for name in ["b.txt", "a.txt", "c.log", ".d.txt"] { try directory.write(name, name + "\n") }
    _ = try directory.makeDirectory("inner")
    try directory.write("inner/x.txt", "x\n")
    #expect(try texts([directory.path + "/*.txt"]) == ["a.txt", "b.txt"])
    #expect(try texts([directory.path + "/[bc].*"]) == ["b.txt", "c.log"])
    #expect(try texts([directory.path + "/?.log"]) == ["c.log"])
    #expect(try texts([directory.path + "/*/x*"]) == ["x"])
    #expect(try texts([directory.path + "/inn*"]) == ["x"])
    // A file whose name looks like a pattern is meant itself.
    let strange = try directory.write("[a].txt", "strange\n")
    #expect(try texts([strange]) == ["strange"])
  }

  @Test func `What cannot be read is an error that names it`() throws {
    let directory = try TemporaryDirectory()
    for path in [directory.path + "/none", directory.path + "/*.none"] {
      let error = #expect(throws: JobError.self) { _ = try lines([path]) }
      #expect(error?.code == .noInput)
      #expect(error?.message.contains(path) == true)
    }
    let twice = #expect(throws: JobError.self) { _ = try InputFiles.resolve(["-", "-"]) }
    #expect(twice?.code == .usage)
  }

  @Test(arguments: [1, 2]) func `A file that shrinks while it is read is an error`(
    threads: Int
  ) throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", String(repeating: "a line of text\n", count: 200_000))
    let error = #expect(throws: JobError.self) {
      _ = try run(threads: threads) { flow in
        flow.read(.lines(path)).map { line in
          if unsafe truncate(path, 150_000) != 0 { Issue.record("cannot truncate \(path)") }
          return line.count
        }.keyed { ($0, 1) }.reduce(+).write(.result("result"))
      }
    }
    #expect(error?.code == .badInput)
    #expect(error?.message.contains(path) == true)
    #expect(error?.message.contains("shorter") == true)
  }

  @Test(arguments: [37, 4096, 1 << 20]) func `A pipe is read as a file is`(pieces: Int) throws {
    let directory = try TemporaryDirectory()
    var random = RandomSource(1)
    let count = pieces == 37 ? 20_000 : 400_000
    let bytes = random.bytes(count, of: Array("abc def\n".utf8)) + Array("end".utf8)
    let path = try directory.write("file", bytes)
    let wanted = try lines([path])
    #expect(wanted == LineReaderTests.naiveLines(bytes))
    for threads in [1, 3] {
      #expect(try onPipe(bytes, pieces: pieces) { try lines([$0], threads: threads) } == wanted)
    }
    // Sorting samples its input first, so that a pipe is kept.
    let sorted = try onPipe(bytes, pieces: pieces) { path in
      try run { flow in flow.read(.lines(path)).sorted().write(.result("result")) }
        .keys(as: [UInt8].self)
    }
    #expect(sorted == wanted.sorted { $0.lexicographicallyPrecedes($1) })
  }
}
