// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// A command that ran to its end.
struct CommandRun: Sendable {
  /// The exit code; minus the signal where one ended it.
  let code: Int32
  let output: String
  let words: String

  /// Runs `mapred` with some arguments.
  static func mapred(_ arguments: [String]) async throws -> CommandRun {
    try await run([NodeHandle.executable] + arguments)
  }

  /// Runs a program; what it writes goes to files, so that it never waits for its reader.
  static func run(_ command: [String]) async throws -> CommandRun {
    let place = NSTemporaryDirectory() + "mapred-run-\(UUID().uuidString)"
    let paths = (output: place + ".out", words: place + ".err")
    defer {
      try? FileManager.default.removeItem(atPath: paths.output)
      try? FileManager.default.removeItem(atPath: paths.words)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/",
      "SWIFT_BACKTRACE": "enable=no",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try file(paths.output)
    process.standardError = try file(paths.words)
    try process.run()
    do {
      try await Waiting.until("\(command.joined(separator: " ")) ends") {
        process.isRunning ? nil : ()
      }
    } catch {
      _ = kill(process.processIdentifier, SIGKILL)
      throw error
    }
    let status = process.terminationStatus
    return CommandRun(
      code: process.terminationReason == .exit ? status : -status,
      output: text(paths.output), words: text(paths.words))
  }

  private static func file(_ path: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw Waiting.Failure("cannot write \(path)") }
    return file
  }

  private static func text(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }

  /// Checks that it failed as it should: the code, nothing on standard output, words that say why.
  func expectFailure(
    _ code: Int32, naming names: String..., at location: SourceLocation = #_sourceLocation
  ) {
    #expect(self.code == code, "\(words)", sourceLocation: location)
    #expect(output.isEmpty, "a failure has no data", sourceLocation: location)
    for name in names {
      #expect(
        words.contains(name), "\"\(name)\" is missing in: \(words)", sourceLocation: location)
    }
  }
}
