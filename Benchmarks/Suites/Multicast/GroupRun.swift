// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// A group of member processes from their start to their end.
///
/// Each gets its rank, everybody's addresses and the workload as arguments, and the group's key on
/// standard input; prints one line when it has done its part, and stays until its standard input
/// ends: others may still need it.
struct GroupRun {
  /// A member's process with the ends of its pipes that are ours.
  private struct Member {
    let process: pid_t
    let input: Int32
    let output: Int32
    /// What it says on standard error.
    let error: Int32
    var line = ""
  }

  private let workload: Workload
  private var members: [Member] = []
  /// Seconds from the start in which all of them have to be done.
  private let deadline: Double

  /// Runs a workload and returns what the members told, by rank.
  static func run(
    _ workload: Workload, addresses: [String], deadline: Double
  ) throws -> [MemberReport] {
    var run = GroupRun(workload: workload, deadline: seconds(CLOCK_MONOTONIC) + deadline)
    defer { run.end() }
    let key = (0..<MemberProgram.keyBytes).map { _ in UInt8.random(in: 0...255) }
    for rank in 0..<workload.members { try run.start(rank, addresses, key) }
    try run.collect()
    return try run.members.map { member in
      guard let report = MemberReport(line: member.line) else {
        throw BenchmarkError("a member printed no report: \(member.line)")
      }
      return report
    }
  }

  private init(workload: Workload, deadline: Double) {
    self.workload = workload
    self.deadline = deadline
  }

  private mutating func start(_ rank: Int, _ addresses: [String], _ key: [UInt8]) throws {
    let (inputEnd, input) = try ChildProcess.pipe()
    defer { close(inputEnd) }
    let (output, outputEnd) = try ChildProcess.pipe()
    defer { close(outputEnd) }
    let error = try ChildProcess.temporaryFile()
    let process = try ChildProcess.spawn(
      [
        ChildProcess.ownPath(), MemberProgram.name, String(rank), addresses.joined(separator: ","),
        workload.text,
      ],
      ChildProcess.Streams(input: inputEnd, output: outputEnd, error: error))
    members.append(Member(process: process, input: input, output: output, error: error))
    try key.withBytes { try Files.write($0, to: input) }
  }

  /// Waits for a line from each member.
  private mutating func collect() throws {
    while let missing = members.indices.first(where: { !members[$0].line.hasSuffix("\n") }) {
      try Interruption.check()
      guard seconds(CLOCK_MONOTONIC) < deadline else {
        throw BenchmarkError("member \(missing) was not done in time: \(workload.text)")
      }
      var waiting = members.map { member in
        pollfd(
          fd: member.line.hasSuffix("\n") ? -1 : member.output, events: Int16(POLLIN), revents: 0)
      }
      let count = unsafe poll(&waiting, nfds_t(waiting.count), 200)
      guard count >= 0 || errno == EINTR else { throw BenchmarkError.system("poll") }
      for place in waiting.indices where count > 0 && waiting[place].revents != 0 {
        var buffer = ByteBuffer(capacity: 4096)
        guard try Files.read(members[place].output, 64 << 10, to: &buffer) > 0 else {
          throw BenchmarkError(Self.shortened(Files.readFromStart(members[place].error), place))
        }
        members[place].line += String(buffer.bytes)
      }
    }
  }

  /// What a member said before it ended early.
  private static func shortened(_ words: String, _ rank: Int) -> String {
    let line = words.split(separator: "\n").first.map(String.init) ?? ""
    return line.isEmpty ? "member \(rank) ended early and said nothing" : line
  }

  /// Lets all members go, and waits for them; who does not go is ended.
  private func end() {
    for member in members {
      close(member.input)
      close(member.output)
    }
    let patience = seconds(CLOCK_MONOTONIC) + 5
    for member in members {
      while true {
        var status: Int32 = 0
        let got = unsafe waitpid(member.process, &status, WNOHANG)
        if got == member.process || (got < 0 && errno != EINTR) { break }
        if seconds(CLOCK_MONOTONIC) > patience { kill(member.process, SIGKILL) }
        usleep(2000)
      }
      close(member.error)
    }
  }
}
