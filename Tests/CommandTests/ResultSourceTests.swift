// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Results of earlier jobs as the input of a job", .serialized)
struct ResultSourceTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    try scratch.write("in.txt", "to be or not to be\nthat is not the question\n")
  }

  private func count() async throws {
    expectSuccess(try await scratch.mapred("run", "wordcount", "in.txt", "-o", "counted", "-q"))
  }

  @Test("A job reads what another has saved, also twice over and beside other directories")
  func run() async throws {
    try await count()
    try scratch.makeDirectory("other")
    let outcome = try await scratch.mapred(
      "run", "top-words", "--keep", "3", "--results", "other", "--results", "counted", "--verify",
      "--quiet")
    expectSuccess(outcome)
    #expect(outcome.lines == ["be\t2", "not\t2", "to\t2"])
  }

  @Test("Without the result, or with one of other types, nothing runs")
  func refused() async throws {
    expectFailure(
      try await scratch.mapred("run", "top-words"), 66, naming: "the result wordcount",
      "--results DIR", "TopWords.swift:")
    expectFailure(
      try await scratch.mapred("run", "top-words", "--results", "nowhere"), 66,
      naming: "none of that name in nowhere")
    expectFailure(
      try await scratch.mapred("preview", "top-words"), 66, naming: "the result wordcount")
    expectFailure(
      try await scratch.mapred("explain", "top-words", "--results", "nowhere"), 66,
      naming: "nowhere")
    expectSuccess(
      try await scratch.mapred("run", "grep", "be", "in.txt", "-o", "lines", "--quiet"))
    try FileManager.default.moveItem(
      atPath: "\(scratch.path)/lines/lines", toPath: "\(scratch.path)/lines/wordcount")
    expectFailure(
      try await scratch.mapred("run", "top-words", "--results", "lines"), 65,
      naming: "codec mismatch", "bytes elements", "(bytes, int64) pairs")
    expectFailure(
      try await scratch.mapred("run", "top-words", "--results", "lines", "--on", "local"), 64,
      naming: "--results is for jobs in this process")
    expectFailure(
      try await scratch.mapred("run", "top-words", "--result-version", "2", "--results", "lines"),
      64, naming: "wordcount@2", "one version")
  }

  @Test("Text has no types: a result that was saved so is refused, with what to do")
  func text() async throws {
    expectSuccess(
      try await scratch.mapred(
        "run", "wordcount", "in.txt", "-o", "counted", "--format", "csv", "-q"))
    expectFailure(
      try await scratch.mapred("run", "top-words", "--results", "counted"), 65,
      naming: "saved as text", "without --format")
  }

  @Test("A damaged result is told")
  func damaged() async throws {
    try await count()
    var bytes = try scratch.read("counted/wordcount/part-00000.run")
    bytes[bytes.count / 2] ^= 1
    try scratch.write("counted/wordcount/part-00000.run", bytes)
    expectFailure(
      try await scratch.mapred("run", "top-words", "--results", "counted"), 65,
      naming: "counted/wordcount/part-00000.run is damaged")
  }

  @Test("explain shows what is read, and with --results what is there; preview reads it")
  func explain() async throws {
    try await count()
    let plain = try await scratch.mapred("explain", "top-words", "--result-version", "12")
    expectSuccess(plain)
    #expect(
      plain.lines.contains("stage 1   reads result wordcount@12: (bytes, int64) pairs"))
    let there = try await scratch.mapred("explain", "top-words", "--results", "counted")
    expectSuccess(there)
    #expect(
      there.lines.last
        == "result wordcount: counted/wordcount, 8 records, (bytes, int64) pairs, by key")
    let preview = try await scratch.mapred("preview", "top-words", "--results", "counted")
    expectSuccess(preview)
    #expect(preview.lines.contains { $0.contains("be\t2") })
  }
}
