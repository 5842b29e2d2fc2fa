// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite("Looking into live members") struct InspectTests {
  /// A process with all members of a group on threads, whose table stays as it is.
  private final class Holder {
    let child: Child
    private let pipe = Pipe()

    init(_ scratch: Scratch, _ arguments: String..., addresses: String? = nil) throws {
      let places = addresses ?? "\(scratch.path)/a,\(scratch.path)/b"
      child = try scratch.start(
        ["hold", "--addresses", places] + arguments,
        executable: Scratch.products + "/FabricCheck",
        standardInput: pipe.fileHandleForReading)
      // The end of the pipe that is left ends the child.
      try pipe.fileHandleForReading.close()
    }

    func ready() async throws {
      let child = child
      _ = try await eventually("the table is there") { () -> Bool? in
        if child.outputSoFar.contains("ready") { return true }
        guard child.isRunning else { throw Child.Failure(description: "the holder ended") }
        return nil
      }
    }

    func end() async throws -> Outcome {
      try pipe.fileHandleForWriting.close()
      return await child.outcome()
    }
  }

  @Test("The table of a live process shows each row, own and peers'")
  func text() async throws {
    let scratch = try Scratch()
    let holder = try Holder(scratch, "--all")
    try await holder.ready()
    let outcome = try await scratch.mapred("inspect", "table", "\(holder.child.identifier)")
    expectSuccess(outcome)
    #expect(
      outcome.lines == [
        "column                 rank 0               rank 1",
        "sent                      100                  101",
        "received                  200                  201",
        "votes     300 0 0 0 0 0 0 0 …  301 0 0 0 0 0 0 0 …",
      ])
    #expect(try await holder.end().code == 0)
  }

  @Test("In JSON, each column of each row is a document with all its cells")
  func json() async throws {
    let scratch = try Scratch()
    let holder = try Holder(scratch, "--all")
    try await holder.ready()
    let outcome = try await scratch.mapred(
      "inspect", "table", "\(holder.child.identifier)", "--json")
    expectSuccess(outcome)
    let documents = try outcome.objects()
    #expect(documents.count == 6)
    let votes = try #require(
      documents.first { $0["name"] as? String == "votes" && $0["rank"] as? Double == 1 })
    #expect(votes["type"] as? String == "column")
    #expect((votes["cells"] as? [any Sendable])?.compactMap { $0 as? Double } == [301] + zeros)
    #expect(try await holder.end().code == 0)
  }

  private let zeros = [Double](repeating: 0, count: 11)

  @Test("A member in a process of its own shows the rows of its peers, too")
  func processes() async throws {
    let scratch = try Scratch()
    let first = try Holder(scratch, "--rank", "0")
    let second = try Holder(scratch, "--rank", "1")
    try await first.ready()
    try await second.ready()
    let outcome = try await scratch.mapred("inspect", "table", "\(second.child.identifier)")
    expectSuccess(outcome)
    #expect(outcome.lines.first?.split(separator: " ") == ["column", "rank", "0", "rank", "1"])
    #expect(outcome.lines.last?.contains("300 0") == true)
    #expect(try await first.end().code == 0)
    #expect(try await second.end().code == 0)
  }

  @Test("Over TCP a member shows its own row, and its copies of others as they come")
  func copies() async throws {
    let scratch = try Scratch()
    // Below the ports that the system gives out.
    let port = 28_000 + Int(getpid()) % 2000 * 2
    let places = "127.0.0.1:\(port),127.0.0.1:\(port + 1)"
    let first = try Holder(scratch, "--rank", "0", "--transport", "tcp", addresses: places)
    let second = try Holder(scratch, "--rank", "1", "--transport", "tcp", addresses: places)
    try await first.ready()
    try await second.ready()
    let number = "\(second.child.identifier)"
    var lines: [String] = []
    // The first member's push is on its way; each look starts a process, so this ends.
    for _ in 0..<200 where lines.last?.contains("300 0") != true {
      let outcome = try await scratch.mapred("inspect", "table", number)
      expectSuccess(outcome)
      lines = outcome.lines
    }
    #expect(lines.last?.contains("300 0") == true)
    #expect(lines.first?.split(separator: " ") == ["column", "rank", "0", "rank", "1"])
    #expect(lines.last?.contains("301 0") == true)
    #expect(try await first.end().code == 0)
    #expect(try await second.end().code == 0)
  }

  @Test("Segments without a table are told by the name of their group")
  func bare() async throws {
    let scratch = try Scratch()
    let holder = try Holder(scratch, "--all", "--bare")
    try await holder.ready()
    let number = "\(holder.child.identifier)"
    let outcome = try await scratch.mapred("inspect", "table", number)
    expectFailure(outcome, 65, naming: number, "readable header", "same version")
    #expect(try await holder.end().code == 0)
  }

  @Test("A process that is not there, one without segments, and a file that is none, are errors")
  func nothing() async throws {
    let scratch = try Scratch()
    // The largest number a process can have is 2^22.
    expectFailure(
      try await scratch.mapred("inspect", "table", "99999999"), 66,
      naming: "no process has the number 99999999")
    // Not the process of the tests: others of them may hold segments in it.
    let other = try scratch.start(["60"], executable: "/bin/sleep")
    let number = "\(other.identifier)"
    expectFailure(
      try await scratch.mapred("inspect", "table", number), 66,
      naming: "process \(number) holds no segment")
    other.signal(SIGKILL)
    #expect(await other.outcome().signal == SIGKILL)
    expectFailure(
      try await scratch.mapred("inspect", "table", "nowhere"), 66, naming: "nowhere")
    try scratch.write("short", "not a segment")
    expectFailure(
      try await scratch.mapred("inspect", "table", "short"), 66, naming: "short is no segment")
    try scratch.write("noise", Data((0..<40_000).map { UInt8(truncatingIfNeeded: $0 * 7) }))
    expectFailure(
      try await scratch.mapred("inspect", "table", "noise"), 65, naming: "readable header")
  }

  @Test("A process of another user is not looked into, and the error says so")
  func foreign() async throws {
    guard geteuid() == 0 else {
      print("skipped: only root can start a process as another user")
      return
    }
    let scratch = try Scratch()
    let holder = try Holder(scratch, "--all")
    try await holder.ready()
    let number = "\(holder.child.identifier)"
    // The command lies where only root may go, perhaps: a copy is run.
    try FileManager.default.copyItem(atPath: Scratch.mapred, toPath: "\(scratch.path)/mapred")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: scratch.path)
    let outcome = try await scratch.start(
      [
        "--reuid=65534", "--regid=65534", "--clear-groups", "\(scratch.path)/mapred", "inspect",
        "table", number,
      ], executable: "/usr/bin/setpriv"
    ).outcome()
    expectFailure(outcome, 66, naming: "may not look into process \(number)", "as root")
    #expect(try await holder.end().code == 0)
  }
}
