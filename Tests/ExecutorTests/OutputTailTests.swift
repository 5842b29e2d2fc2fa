// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Runtime

@Suite struct OutputTailTests {
  private func lines(_ pieces: [String], finishes: Bool = true) -> (told: [String], last: [String])
  {
    var tail = OutputTail()
    var told: [String] = []
    for piece in pieces { tail.take(Array(piece.utf8)[...], now: 1) { told.append($0) } }
    if finishes { tail.finish { told.append($0) } }
    return (told, tail.last)
  }

  @Test func `Lines are whole however they come`() {
    let text = "one\ntwo three\n\nfour"
    for size in 1...7 {
      let bytes = Array(text.utf8)
      let pieces = stride(from: 0, to: bytes.count, by: size).map {
        String(decoding: bytes[$0..<min(bytes.count, $0 + size)], as: UTF8.self)
      }
      let found = lines(pieces)
      #expect(found.told == ["one", "two three", "", "four"])
      #expect(found.last == ["one", "two three", "four"])
    }
    #expect(lines(["a\nb"], finishes: false).told == ["a"])
  }

  @Test func `Much at a time is left out, and counted; the last lines are there`() {
    let piece = (0..<1000).map { "line \($0)\n" }.joined()
    let pieces = Array(repeating: piece, count: 100) + ["the end\n"]
    let found = lines(pieces)
    let bytes = found.told.dropLast().reduce(0) { $0 + $1.utf8.count + 1 }
    let all = pieces.reduce(0) { $0 + $1.utf8.count }
    // The end of a line that was cut is not among what was written.
    #expect(bytes <= (256 << 10) + 1)
    let skipped = Int(found.told.last?.split(separator: " ")[1] ?? "") ?? 0
    #expect(abs(all - bytes - skipped) <= 1)
    #expect(found.last.last == "the end" && found.last.count == 40)
  }

  @Test func `The next second has room again`() {
    var tail = OutputTail()
    var told: [String] = []
    let much = Array(repeating: UInt8(0x0A), count: 300 << 10)
    tail.take(much[...], now: 5) { told.append($0) }
    #expect(told.count == 256 << 10)
    told = []
    tail.take(Array("again\n".utf8)[...], now: 5 + 1_000_000_000) { told.append($0) }
    #expect(told == ["… \(44 << 10) bytes are left out: too many at a time …", "again"])
  }

  @Test func `A line without an end is cut, and what a terminal obeys is not shown`() {
    let found = lines([String(repeating: "x", count: 5000), "\n\u{1B}[31mred\u{202E}\tä日\n"])
    #expect(found.told == [String(repeating: "x", count: 1000), "·[31mred·  ä日"])
  }

  @Test func `The stack comes last, and the other stack not at all`() {
    let found = lines([
      "hello\n", "Fatal error: x\n", "Current stack trace:\n", "0 a\n", "\nstack:\n", "b\n",
    ])
    #expect(found.last == ["hello", "Fatal error: x", "stack:", "b"])
  }
}

@Suite struct InputLineTests {
  @Test func `A line is numbered, and shown as far as it goes`() throws {
    let corpus = try Corpus()
    let long = String(repeating: "y", count: 300)
    try corpus.write("lines", ["first", "", "third", long])
    let path = "\(corpus.path)/lines"
    for (offset, number, text) in [
      (0, 1, "first"), (6, 2, ""), (7, 3, "third"), (13, 4, String(long.prefix(120)) + "…"),
    ] {
      let line = try #require(InputLine(path, at: offset, as: nil))
      #expect(line.number == number && line.text == text)
    }
    #expect(InputLine(corpus.path, at: 0, as: nil) == nil)
    #expect(InputLine("\(corpus.path)/nothing", at: 0, as: nil) == nil)
    #expect(InputLine("/dev/zero", at: 0, as: nil) == nil)
  }

  @Test(.enabled(if: geteuid() == 0, "only root has other users' rights"))
  func `Nothing is shown that the executor's user cannot read`() throws {
    let corpus = try Corpus()
    try corpus.write("lines", ["secret"])
    let path = "\(corpus.path)/lines"
    let nobody = try #require(ExecutorUser(named: "nobody"))
    #expect(InputLine(path, at: 0, as: nobody)?.text == "secret")
    #expect(unsafe chmod(path, 0o600) == 0)
    #expect(InputLine(path, at: 0, as: nobody) == nil)
    #expect(InputLine(path, at: 0, as: nil)?.text == "secret")
    #expect(unsafe chmod(path, 0o644) == 0)
    #expect(unsafe chmod(corpus.path, 0o700) == 0)
    #expect(InputLine(path, at: 0, as: nobody) == nil)
    // The thread has root's rights again.
    #expect(InputLine(path, at: 0, as: nil)?.text == "secret")
    #expect(getegid() == 0 && geteuid() == 0)
  }
}
