// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A directory of a test, in which its commands run; removed with the test.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "mapred-command-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The directory in which the executables of this build lie: beside the running tests.
  static let products: String = {
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path
  }()

  static let mapred = products + "/mapred"
  static let faultyJobs = products + "/FaultyJobs"

  /// A plain environment: what a test needs more, it says.
  static let environment = [
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
    "TERM": "xterm", "LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no",
  ]

  /// Starts a command.
  func start(
    _ arguments: [String], executable: String = Scratch.mapred,
    standardInput: FileHandle = .nullDevice, standardOutput: FileHandle? = nil,
    standardError: FileHandle? = nil, environment: [String: String] = [:]
  ) throws -> Child {
    try Child(
      executable, arguments, in: path, standardInput: standardInput,
      standardOutput: standardOutput, standardError: standardError,
      environment: Self.environment.merging(environment) { $1 })
  }

  /// Runs `mapred` with some arguments to its end.
  func mapred(_ arguments: String...) async throws -> Outcome {
    try await start(arguments).outcome()
  }

  /// Runs `mapred` with a file as standard input.
  func mapred(_ arguments: String..., standardInput name: String) async throws -> Outcome {
    guard let input = FileHandle(forReadingAtPath: "\(path)/\(name)") else {
      throw Child.Failure(description: "cannot read \(name)")
    }
    return try await start(arguments, standardInput: input).outcome()
  }

  /// Runs the jobs that go wrong.
  func faultyJobs(_ arguments: String...) async throws -> Outcome {
    try await start(arguments, executable: Self.faultyJobs).outcome()
  }

  /// Runs a line of shell, in which `"$mapred"` is the command.
  func shell(_ script: String) async throws -> Outcome {
    try await start(
      ["-c", script], executable: "/bin/bash", environment: ["mapred": Self.mapred]
    ).outcome()
  }

  /// Writes a file.
  func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }

  /// Writes a file.
  func write(_ name: String, _ bytes: Data) throws {
    try bytes.write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(path)/\(name)", withIntermediateDirectories: true)
  }

  func read(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  /// Everything in the directory or in one inside of it, hidden names too.
  func names(in directory: String = ".") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)").sorted()
  }

  /// Makes a named pipe.
  func makePipe(_ name: String) throws {
    guard unsafe mkfifo("\(path)/\(name)", 0o600) == 0 else {
      throw Child.Failure(description: "cannot make the pipe \(name)")
    }
  }

  /// Opens a named pipe for writing as soon as somebody reads it: a command that reads one has
  /// looked at all of its input before.
  func openPipe(_ name: String, readBy child: Child) async throws -> FileHandle {
    try await eventually("\(name) is read") {
      let descriptor = unsafe open("\(path)/\(name)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
      if descriptor >= 0 { return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true) }
      guard child.isRunning else {
        throw Child.Failure(description: "the command ended before it read \(name)")
      }
      return nil
    }
  }
}
