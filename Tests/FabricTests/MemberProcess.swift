// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// A process of `FabricCheck`, whose lines are gathered as they come.
final class MemberProcess: Sendable {
  private let process: Process
  private let text = Mutex("")
  private let isEnded = Atomic<Bool>(false)

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// The directory in which the executables of this build lie: beside the running tests.
  static let products: String = {
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path
  }()

  static let check = products + "/FabricCheck"

  init(_ arguments: [String], executable: String = MemberProcess.check) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no"]
    // The descriptor of the pipe is read by a thread that ends with the process.
    let reading = pipe.fileHandleForReading
    // A child inherits which signals are blocked, and threads that run tests block all of them.
    var none = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    try process.run()
    Thread.detachNewThread { [self] in
      while true {
        let some = reading.availableData
        if some.isEmpty { break }
        text.withLock { $0 += String(decoding: some, as: UTF8.self) }
      }
      isEnded.store(true, ordering: .releasing)
    }
  }

  var output: String { text.withLock { $0 } }
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  func kill() { _ = Glibc.kill(process.processIdentifier, SIGKILL) }

  /// Waits until a line is there.
  func wait(for line: String) throws {
    for _ in 0..<3_000 {
      if lines.contains(line) { return }
      if isEnded.load(ordering: .acquiring) { break }
      usleep(10_000)
    }
    if lines.contains(line) { return }
    throw Failure(description: "no line \"\(line)\" in: \(output)")
  }

  /// Waits for the end, at most so long; the exit code, or minus the signal.
  func end(seconds: Int = 60) throws -> Int32 {
    for _ in 0..<(100 * seconds) {
      if isEnded.load(ordering: .acquiring) {
        process.waitUntilExit()
        let status = process.terminationStatus
        return process.terminationReason == .exit ? status : -status
      }
      usleep(10_000)
    }
    kill()
    throw Failure(description: "it did not end, and was killed: \(output)")
  }
}

/// Kills a member of a group whose traffic flows, at any moment: the others have to see it once,
/// and go on to their end.
func killOne(
  of members: [MemberProcess], _ round: Int, _ random: inout RandomSource
) throws {
  for member in members { try member.wait(for: "open") }
  let victim = random.number(0...(members.count - 1))
  usleep(UInt32(random.number(0...20_000)))
  members[victim].kill()
  #expect(try members[victim].end() == -SIGKILL)
  for (rank, member) in members.enumerated() where rank != victim {
    let code = try member.end()
    let words = "round \(round), rank \(rank) after \(victim) was killed: \(member.lines)"
    #expect(code == 0, "\(words)")
    #expect(member.lines.count { $0 == "gone \(victim)" } == 1, "\(words)")
    #expect(member.lines.last == "done", "\(words)")
  }
}
