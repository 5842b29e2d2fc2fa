// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import Testing

@testable import MapReduce

@Suite struct ResultWriterTests {
  private func writer(
    _ path: String, format: SaveFormat = .runs, cancellation: Cancellation = Cancellation()
  ) throws -> ResultWriter {
    try ResultWriter(to: path, format: format, threads: 2, cancellation: cancellation)
  }

  private static let plan: @Sendable (Flow) -> Void = { flow in
    let pairs = flow.read(.values(["b,", "a", "b,"])).keyed { ($0, 1) }.reduce(+)
    pairs.write(.result("counts"))
    pairs.top(1).write(.result("top"))
  }

  @Test(arguments: [
    (RecordFormat.lines, "a\t1\nb,\t2\n"), (.csv, "key,value\r\na,1\r\n\"b,\",2\r\n"),
    (.jsonl, "{\"key\":\"a\",\"value\":1}\n{\"key\":\"b,\",\"value\":2}\n"),
  ])
  func `Text formats write what they show`(format: RecordFormat, wanted: String) throws {
    let directory = try TemporaryDirectory()
    try writer(directory.path + "/out", format: .text(format)).write(
      try run(Self.plan), job: "planned")
    let file = "out/counts/part-00000.\(format.fileExtension)"
    #expect(String(decoding: try directory.bytes(file), as: UTF8.self) == wanted)
    #expect(try directory.names == ["out"])
  }

  @Test func `A manifest tells what was saved`() throws {
    let directory = try TemporaryDirectory()
    try writer(directory.path + "/out/").write(try run(Self.plan), job: "planned")
    let bytes = try directory.bytes("out/counts/_result.json")
    let manifest = try #require(
      try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    #expect(manifest["result"] as? String == "counts" && manifest["job"] as? String == "planned")
    #expect(manifest["records"] as? Int == 2 && manifest["format"] as? String == "runs")
    #expect(manifest["key"] as? String == "string" && manifest["value"] as? String == "int64")
    let digest = try SavedResult(directory.path + "/out/counts").digest
    #expect(manifest["digest"] as? String == hexadecimal(digest))
    #expect(hexadecimal(0xAB) == "00000000000000ab")
  }

  @Test func `A large text is the same however many threads write it`() throws {
    let directory = try TemporaryDirectory()
    let numbers = Array(0..<60_000)
    let result = try run { flow in
      flow.read(.values(numbers)).keyed { ("key \($0)", $0) }.reduce(+).write(.result("r"))
    }
    let wanted = numbers.map { "key \($0)\t\($0)\n" }.sorted().joined()
    for threads in [1, 2, 5] {
      let writer = try ResultWriter(
        to: directory.path + "/\(threads)", format: .text(.lines), threads: threads,
        cancellation: Cancellation())
      try writer.write(result, job: "planned")
      let bytes = try directory.bytes("\(threads)/r/part-00000.txt")
      #expect(bytes == Array(wanted.utf8))
    }
  }

  @Test func `A place that exists is refused before the job runs`() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write("file", "kept")
    for path in [directory.path, file, try directory.makeDirectory("empty")] {
      let error = #expect(throws: JobError.self) { _ = try writer(path) }
      #expect(error?.code == .cannotWrite)
      #expect(error?.message.contains("exists already") == true)
    }
    let noParent = #expect(throws: JobError.self) { _ = try writer(directory.path + "/no/out") }
    #expect(noParent?.code == .cannotWrite && noParent?.advice?.contains("mkdir") == true)
    for path in ["", "/", ".", "..", "//"] {
      let error = #expect(throws: JobError.self) { _ = try writer(path) }
      #expect(error?.code == .usage)
    }
    #expect(try directory.names == ["empty", "file"])
    #expect(try directory.bytes("file") == Array("kept".utf8))
  }

  @Test func `A place that appears while the job runs is left alone`() throws {
    let directory = try TemporaryDirectory()
    let writer = try writer(directory.path + "/out")
    _ = try directory.makeDirectory("out")
    let error = #expect(throws: JobError.self) {
      try writer.write(try run(Self.plan), job: "planned")
    }
    #expect(error?.code == .cannotWrite)
    #expect(try directory.names == ["out"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/out") == [])
  }

  @Test(arguments: [SaveFormat.runs, .text(.jsonl)]) func `A cancelled save leaves nothing behind`(
    format: SaveFormat
  ) throws {
    let directory = try TemporaryDirectory()
    let cancellation = Cancellation()
    let writer = try writer(directory.path + "/out", format: format, cancellation: cancellation)
    cancellation.cancel()
    let error = #expect(throws: JobError.self) {
      try writer.write(try run(Self.plan), job: "planned")
    }
    #expect(error?.code == .interrupted)
    #expect(try directory.names == [])
  }

  @Test func `A parent that goes away is an error`() throws {
    let directory = try TemporaryDirectory()
    let parent = try directory.makeDirectory("parent")
    let writer = try writer(parent + "/out")
    try FileManager.default.removeItem(atPath: parent)
    let error = #expect(throws: JobError.self) {
      try writer.write(try run(Self.plan), job: "planned")
    }
    #expect(error?.code == .cannotWrite)
    #expect(try directory.names == [])
  }

  @Test func `What a dead process left behind is removed, what others hold is kept`() throws {
    let directory = try TemporaryDirectory()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/true")
    try process.run()
    process.waitUntilExit()
    let dead = ".out.mapred-\(process.processIdentifier)"
    let others = [
      ".out.mapred-1", ".out.mapred-x", ".other.mapred-\(process.processIdentifier)",
      "out.mapred-2",
    ]
    for name in others + [dead] {
      _ = try directory.makeDirectory(name)
      _ = try directory.makeDirectory(name + "/r")
      try directory.write(name + "/r/part", "half")
    }
    let writer = try writer(directory.path + "/out")
    #expect(try directory.names == others.sorted())
    try writer.write(try run(Self.plan), job: "planned")
    #expect(try directory.names == (others + ["out"]).sorted())
  }

  @Test func `What an earlier process of our number left behind does not stand in the way`() throws
  {
    let directory = try TemporaryDirectory()
    // In a container process numbers begin anew, so that the same one comes again.
    let stale = try directory.makeDirectory(
      ".out.mapred-\(ProcessInfo.processInfo.processIdentifier)")
    try writer(directory.path + "/out").write(try run(Self.plan), job: "planned")
    #expect(!FileManager.default.fileExists(atPath: stale))
    #expect(try directory.names == ["out"])
  }
}
